//! Functions that every session has, beside DataFusion's own. They travel to a cluster by name.

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Int64Array, StringArray};
use arrow_schema::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use datafusion::prelude::SessionContext;
use std::sync::Arc;
use weir_model::entity::prefix_of;
use weir_stats::hash64;

/// Makes them known to a session.
pub(crate) fn register(context: &SessionContext) {
    context.register_udf(network());
    context.register_udf(part());
}

/// Parts that [`part`] cuts texts into.
const PARTS: u64 = 1_024;

/// `part(text)`: which of 1,024 parts a text falls into by its hash, to look at a sample of names that is the same every time.
fn part() -> ScalarUDF {
    let of = |arguments: &[ColumnarValue]| -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let texts = arrays.first().and_then(|a| a.as_string_opt::<i32>());
        let texts = texts.ok_or_else(|| DataFusionError::Execution("part takes a text".to_owned()))?;
        let of = |text: &str| i64::try_from(hash64(text.as_bytes()) % PARTS).unwrap_or(0);
        let parts: Int64Array = texts.iter().map(|text| text.map(of)).collect();
        Ok(ColumnarValue::Array(Arc::new(parts) as ArrayRef))
    };
    create_udf("part", vec![DataType::Utf8], DataType::Int64, Volatility::Immutable, Arc::new(of))
}

/// `network(address)`: the `/24` or `/48` an address belongs to; null when it is none.
fn network() -> ScalarUDF {
    let of = |arguments: &[ColumnarValue]| -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let texts = arrays.first().and_then(|a| a.as_string_opt::<i32>());
        let texts = texts.ok_or_else(|| DataFusionError::Execution("network takes a text".to_owned()))?;
        // Neighbouring records often have one address.
        let mut last: (Option<&str>, Option<String>) = (None, None);
        let networks: StringArray = texts
            .iter()
            .map(|address| {
                if address != last.0 {
                    last = (address, address.and_then(prefix_of));
                }
                last.1.clone()
            })
            .collect();
        Ok(ColumnarValue::Array(Arc::new(networks) as ArrayRef))
    };
    create_udf("network", vec![DataType::Utf8], DataType::Utf8, Volatility::Immutable, Arc::new(of))
}
