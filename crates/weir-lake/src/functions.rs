//! Functions that every session has, beside DataFusion's own. They travel to a cluster by name.

use crate::merging::distinct_count;
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};
use arrow_schema::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{AggregateUDF, ColumnarValue, ScalarUDF, Volatility, create_udf};
use std::collections::HashMap;
use std::sync::Arc;
use weir_model::entity::{addresses_in, prefix_of};
use weir_stats::hash64;

/// Those of one row.
pub(crate) fn scalars() -> [ScalarUDF; 5] {
    [addresses(), network(), hash(), hash_share(), client_family()]
}

/// Those of many rows.
pub(crate) fn aggregates() -> [AggregateUDF; 1] {
    [distinct_count()]
}

/// Makes them known to a session.
pub(crate) fn register(session: &mut impl FunctionRegistry) -> Result<()> {
    for function in scalars() {
        session.register_udf(Arc::new(function))?;
    }
    for function in aggregates() {
        session.register_udaf(Arc::new(function))?;
    }
    Ok(())
}

/// `network(address)`: the `/24` or `/48` an address belongs to; null when it is none.
fn network() -> ScalarUDF {
    of_address("network", prefix_of)
}

/// `addresses(text)`: every address that a text may name and the network of each, with spaces between: a list has several, and some are written so that they may
/// mean two; null when there is none.
fn addresses() -> ScalarUDF {
    of_address("addresses", |text| {
        let all = addresses_in(text)
            .map(|is| prefix_of(&is).map_or(is.clone(), |network| format!("{is} {network}")));
        let all = all.collect::<Vec<_>>().join(" ");
        (!all.is_empty()).then_some(all)
    })
}

fn of_address(name: &'static str, make: fn(&str) -> Option<String>) -> ScalarUDF {
    let of = move |arguments: &[ColumnarValue]| -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let texts = arrays.first().and_then(|a| a.as_string_opt::<i32>());
        let texts = texts.ok_or_else(|| DataFusionError::Execution(format!("{name} takes a text")))?;
        // Neighbouring records often have one address.
        let mut last: (Option<&str>, Option<String>) = (None, None);
        let made: StringArray = texts
            .iter()
            .map(|address| {
                if address != last.0 {
                    last = (address, address.and_then(make));
                }
                last.1.clone()
            })
            .collect();
        Ok(ColumnarValue::Array(Arc::new(made) as ArrayRef))
    };
    create_udf(name, vec![DataType::Utf8], DataType::Utf8, Volatility::Immutable, Arc::new(of))
}

/// `hash(text)`: the text's hash, the bits of `weir_stats::hash64` as a signed number: what sorts in few bytes where only equality matters.
fn hash() -> ScalarUDF {
    let of = |arguments: &[ColumnarValue]| -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let texts = arrays.first().and_then(|a| a.as_string_opt::<i32>());
        let texts = texts.ok_or_else(|| DataFusionError::Execution("hash takes a text".to_owned()))?;
        let hashes: Int64Array =
            texts.iter().map(|text| text.map(|t| hash64(t.as_bytes()).cast_signed())).collect();
        Ok(ColumnarValue::Array(Arc::new(hashes) as ArrayRef))
    };
    create_udf("hash", vec![DataType::Utf8], DataType::Int64, Volatility::Immutable, Arc::new(of))
}

/// `hash_share(text)`: where a text's hash lies, from 0 to 1: below a bound for that share of all texts, the same ones in every query.
fn hash_share() -> ScalarUDF {
    let of = |arguments: &[ColumnarValue]| -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let texts = arrays.first().and_then(|a| a.as_string_opt::<i32>());
        let texts = texts.ok_or_else(|| DataFusionError::Execution("hash_share takes a text".to_owned()))?;
        let shares: Float64Array = texts.iter().map(|text| text.map(share)).collect();
        Ok(ColumnarValue::Array(Arc::new(shares) as ArrayRef))
    };
    create_udf("hash_share", vec![DataType::Utf8], DataType::Float64, Volatility::Immutable, Arc::new(of))
}

/// A client's family, as a hash: its string without the numbers, which change with every release.
#[must_use]
pub fn family(client: &str) -> u64 {
    let mut plain = String::with_capacity(client.len());
    let mut number = false;
    for c in client.chars() {
        let digit = c.is_ascii_digit() || (number && matches!(c, '.' | '_'));
        if !digit {
            plain.push(c);
        } else if !number {
            plain.push('#');
        }
        number = digit;
    }
    hash64(plain.as_bytes())
}

/// `family(text)`: a client's family as a signed number.
fn client_family() -> ScalarUDF {
    let of = |arguments: &[ColumnarValue]| -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let texts = arrays.first().and_then(|a| a.as_string_opt::<i32>());
        let texts = texts.ok_or_else(|| DataFusionError::Execution("family takes a text".to_owned()))?;
        // Few clients make many records.
        let mut known: HashMap<&str, i64> = HashMap::new();
        let mut one = |text| *known.entry(text).or_insert_with(|| family(text).cast_signed());
        let families: Int64Array = texts.iter().map(|text| text.map(&mut one)).collect();
        Ok(ColumnarValue::Array(Arc::new(families) as ArrayRef))
    };
    create_udf("family", vec![DataType::Utf8], DataType::Int64, Volatility::Immutable, Arc::new(of))
}

fn share(text: &str) -> f64 {
    hash64(text.as_bytes()) as f64 / 2_f64.powi(64)
}

#[cfg(test)]
mod tests {
    use super::family;

    #[test]
    fn a_release_changes_no_family() {
        let chrome = |n: &str| family(&format!("Mozilla/5.0 (X11; Linux x86_64) Chrome/{n} Safari/537.36"));
        assert_eq!(chrome("144.0.0.0"), chrome("145.0.1.0"));
        assert_ne!(chrome("144.0.0.0"), family("curl/8.5.0"));
        assert_eq!(family("ShopApp/5.31.0"), family("ShopApp/6.4"));
    }

    #[test]
    fn a_share_of_the_hash_space_holds_that_share_of_texts() {
        let below = (0..10_000).filter(|i| super::share(&format!("member:{i}")) < 0.2).count();
        assert!((1_900..2_100).contains(&below), "{below}");
    }
}
