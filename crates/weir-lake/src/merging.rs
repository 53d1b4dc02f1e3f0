//! `distinct_count(sketch, entity)`: the number of distinct values in the union of a rollup's sketches, such as people over all of an address's days.
//!
//! Decisive choice: an aggregate like any other, with sketches as its states, so that partial answers merge wherever they are made: in threads, or on
//! machines of a cluster, where functions travel by name. A null sketch is the entity alone, as rollups store it.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, Int64Array, StringArray};
use arrow_schema::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use std::sync::Arc;
use weir_rollup::number_of;
use weir_stats::Distinct;

/// The aggregate.
pub(crate) fn distinct_count() -> AggregateUDF {
    AggregateUDF::new_from_impl(DistinctCount {
        signature: Signature::exact(vec![DataType::Binary, DataType::Utf8], Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DistinctCount {
    signature: Signature,
}

impl AggregateUDFImpl for DistinctCount {
    fn name(&self) -> &'static str {
        "distinct_count"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn state_fields(&self, of: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format!("{}[sketch]", of.name), DataType::Binary, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(One(Distinct::new())))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::default()))
    }
}

fn wrong(why: impl std::fmt::Display) -> DataFusionError {
    DataFusionError::Execution(why.to_string())
}

/// Sketches and whose they are.
struct Sketches<'a> {
    sketches: &'a BinaryArray,
    /// None among states, where a null is nothing.
    entities: Option<&'a StringArray>,
}

impl<'a> Sketches<'a> {
    fn of(columns: &'a [ArrayRef]) -> Result<Self> {
        let sketches = columns.first().and_then(|c| c.as_binary_opt::<i32>());
        let sketches = sketches.ok_or_else(|| wrong("distinct_count takes a sketch and its entity"))?;
        Ok(Self { sketches, entities: columns.get(1).and_then(|c| c.as_string_opt::<i32>()) })
    }

    fn len(&self) -> usize {
        self.sketches.len()
    }

    /// Adds a row's sketch to another.
    fn add(&self, row: usize, to: &mut Distinct) -> Result<()> {
        if self.sketches.is_valid(row) {
            let sketch = Distinct::from_lake(self.sketches.value(row)).map_err(wrong)?;
            // Most groups have one state, and every group has a first.
            match to.is_empty() {
                true => *to = sketch,
                false => to.merge(&sketch),
            }
        } else if let Some(entities) = self.entities.filter(|e| e.is_valid(row)) {
            to.insert(number_of(entities.value(row)));
        }
        Ok(())
    }
}

/// An estimate as a whole number.
fn whole(sketch: &Distinct) -> i64 {
    sketch.estimate().round() as i64
}

/// All rows as one group.
#[derive(Debug)]
struct One(Distinct);

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let sketches = Sketches::of(values)?;
        (0..sketches.len()).try_for_each(|row| sketches.add(row, &mut self.0))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(whole(&self.0))))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.0.to_state()))])
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.0.heap_bytes()
    }
}

/// A sketch for each group.
#[derive(Debug, Default)]
struct Groups {
    sketches: Vec<Distinct>,
    heap: usize,
}

impl Groups {
    fn add(
        &mut self,
        columns: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        let rows = Sketches::of(columns)?;
        self.sketches.resize(count, Distinct::new());
        for (row, group) in groups.iter().enumerate() {
            if filter.is_some_and(|f| f.is_null(row) || !f.value(row)) {
                continue;
            }
            if let Some(sketch) = self.sketches.get_mut(*group) {
                let before = sketch.heap_bytes();
                rows.add(row, sketch)?;
                self.heap = self.heap + sketch.heap_bytes() - before;
            }
        }
        Ok(())
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<Distinct> {
        let taken = emit_to.take_needed(&mut self.sketches);
        self.heap -= taken.iter().map(Distinct::heap_bytes).sum::<usize>();
        taken
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.add(values, group_indices, opt_filter, total_num_groups)
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.add(values, group_indices, None, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from_iter_values(self.take(emit_to).iter().map(whole))))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let states = self.take(emit_to);
        Ok(vec![Arc::new(BinaryArray::from_iter_values(states.iter().map(Distinct::to_state)))])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = Sketches::of(values)?;
        let mut states = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let mut sketch = Distinct::new();
            if opt_filter.is_none_or(|f| f.is_valid(row) && f.value(row)) {
                rows.add(row, &mut sketch)?;
            }
            states.push(sketch.to_state());
        }
        Ok(vec![Arc::new(BinaryArray::from_iter_values(states))])
    }

    fn size(&self) -> usize {
        self.sketches.capacity() * size_of::<Distinct>() + self.heap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::RecordBatch;
    use datafusion::prelude::{SessionConfig, SessionContext};
    use weir_stats::hash64;

    /// Days of two addresses, each with the people it was shown.
    fn days() -> RecordBatch {
        let sketch = |people: std::ops::Range<u64>| {
            Some(people.map(|n| hash64(&n.to_le_bytes())).collect::<Distinct>().to_bytes())
        };
        let sketches = [sketch(0..3), sketch(2..5), sketch(0..2_000), None, None, sketch(0..0)];
        RecordBatch::try_from_iter([
            ("entity", Arc::new(StringArray::from(vec!["a", "a", "b", "b", "c", "d"])) as ArrayRef),
            ("people", Arc::new(sketches.iter().map(Option::as_deref).collect::<BinaryArray>())),
        ])
        .unwrap()
    }

    async fn ask(query: &str, partitions: usize) -> Vec<Vec<i64>> {
        let config = SessionConfig::new().with_target_partitions(partitions).with_batch_size(1);
        let mut context = SessionContext::new_with_config(config);
        crate::functions::register(&mut context).unwrap();
        context.register_batch("rollup", days()).unwrap();
        let answer = context.sql(query).await.unwrap().collect().await.unwrap();
        let numbers = |batch: &RecordBatch| {
            let column = batch.columns().last().unwrap().as_primitive::<arrow_array::types::Int64Type>();
            column.values().to_vec()
        };
        answer.iter().map(numbers).collect()
    }

    #[tokio::test]
    async fn sketches_merge_alike_in_any_number_of_partitions() {
        let query = "SELECT entity, distinct_count(people, entity) FROM rollup GROUP BY 1 ORDER BY 1";
        let one = ask(query, 1).await.concat();
        assert_eq!([one[0], one[2], one[3]], [5, 1, 0], "the union of days; a null is the entity alone");
        assert!((1_900..2_100).contains(&one[1]), "{one:?}");
        assert_eq!(ask(query, 3).await.concat(), one);
        let all = ask("SELECT distinct_count(people, entity) FROM rollup WHERE entity <> 'b'", 2).await;
        assert_eq!(all.concat(), [6]);
    }
}
