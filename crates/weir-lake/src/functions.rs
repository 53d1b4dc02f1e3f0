//! Functions that every session has, beside DataFusion's own. They travel to a cluster by name.

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, StringArray};
use arrow_schema::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use std::sync::Arc;
use weir_model::entity::prefix_of;

/// `network(address)`: the `/24` or `/48` an address belongs to; null when it is none.
pub(crate) fn network() -> ScalarUDF {
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
