//! [`ByValue`]: a condition on one text column, asked once of each value in its dictionary and not once of each row.
//!
//! Decisive choice: a scan reads such a column as the codes that its file holds, so no text is copied for a row that only has to be judged. Nothing else of the
//! scan is ours: [`as_it_lies`] says how the columns of a file are read, by what the lake's log knows of it, and [`Adapter`] puts conditions in their place when the
//! file is opened, and nothing in that of columns that have no value, of which a log has many. A condition of which a value cannot be judged is asked
//! of the rows, where that value may not be.

use crate::delta::DataFile;
use crate::derive::is_derived;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, BooleanArray, DictionaryArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::take::take;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, Expr};
use datafusion::physical_expr::expressions::{Column, lit};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{PhysicalExpr, conjunction, split_conjunction};
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};
use datafusion::physical_expr_common::physical_expr::is_volatile;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// Under this key a file's schema names the columns that have no value in it, with spaces between.
const EMPTY: &str = "weir.empty";

/// The columns that a condition asks for alone.
pub(crate) fn judged(conditions: &[Expr]) -> BTreeSet<String> {
    let one = |condition: &Expr| match condition.column_refs().into_iter().collect::<Vec<_>>().as_slice() {
        [column] => Some(column.name.clone()),
        _ => None,
    };
    conditions.iter().flat_map(datafusion::logical_expr::utils::split_conjunction).filter_map(one).collect()
}

/// The columns of a file as they are to be read: where any condition can be asked of values, all texts that lie in it as codes, since most of what is read is only
/// passed over then. `None` where there is nothing to say.
pub(crate) fn as_it_lies(table: &Schema, file: &DataFile, judged: &BTreeSet<String>) -> Option<SchemaRef> {
    let is_coded =
        |field: &Field| *field.data_type() == DataType::Utf8 && file.coded.contains_key(field.name());
    let any = table.fields().iter().any(|field| is_coded(field) && judged.contains(field.name()));
    let field = |field: &Arc<Field>| match any && is_coded(field) {
        true => Arc::new(Field::clone(field).with_data_type(codes())),
        false => Arc::clone(field),
    };
    let empty =
        file.coded.iter().filter(|(_, nulls)| Some(**nulls) == file.rows).map(|(name, _)| name.as_str());
    let empty = empty.collect::<Vec<_>>().join(" ");
    if !any && empty.is_empty() {
        return None;
    }
    let fields: Vec<_> = table.fields().iter().map(field).collect();
    Some(Arc::new(Schema::new(fields).with_metadata([(EMPTY.to_owned(), empty)].into())))
}

/// The type of a column that is read as codes.
fn codes() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// Puts conditions into the terms of a file: those on a column of codes are asked of values, all else is DataFusion's.
#[derive(Debug)]
pub(crate) struct Adapters;

impl PhysicalExprAdapterFactory for Adapters {
    fn create(&self, table: SchemaRef, file: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let others = DefaultPhysicalExprAdapterFactory.create(Arc::clone(&table), Arc::clone(&file))?;
        let names = file.metadata().get(EMPTY).map(String::as_str).unwrap_or_default();
        let empty = names.split(' ').map(str::to_owned).collect();
        Ok(Arc::new(Adapter { table, file, empty, others }))
    }
}

#[derive(Debug)]
struct Adapter {
    table: SchemaRef,
    file: SchemaRef,
    /// Columns without a value.
    empty: BTreeSet<String>,
    others: Arc<dyn PhysicalExprAdapter>,
}

impl PhysicalExprAdapter for Adapter {
    fn rewrite(&self, asked: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        if asked.data_type(&self.table).ok() != Some(DataType::Boolean) {
            return self.others.rewrite(self.without_empty(asked)?);
        }
        let parts = split_conjunction(&asked).into_iter().map(|part| match self.by_value(part)? {
            Some(by_value) => Ok(by_value),
            None => self.others.rewrite(Arc::clone(part)),
        });
        Ok(conjunction(parts.collect::<Result<Vec<_>>>()?))
    }
}

impl Adapter {
    /// What is asked for with nothing in place of columns without a value, where they are asked for as they are or derived from. Conditions keep them: DataFusion 55 decides
    /// whether a scan filters by itself before it knows them, and loses conditions that change then (`narrow`).
    fn without_empty(&self, asked: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let nothing = |part: &Arc<dyn PhysicalExpr>| -> Result<Option<Arc<dyn PhysicalExpr>>> {
            let column = part.downcast_ref::<Column>().filter(|column| self.empty.contains(column.name()));
            let Some(column) = column else { return Ok(None) };
            Ok(Some(lit(ScalarValue::try_new_null(&column.data_type(&self.table)?)?)))
        };
        // A list without elements is not the same as no list, to whoever asks for it.
        let is_list = matches!(asked.data_type(&self.table)?, DataType::List(_));
        if let Some(nothing) = nothing(&asked)?.filter(|_| !is_list) {
            return Ok(nothing);
        }
        let derived = asked.transform_up(|part| {
            if !is_derived(&part) {
                return Ok(Transformed::no(part));
            }
            let from = part
                .children()
                .into_iter()
                .map(|from| Ok(nothing(from)?.unwrap_or_else(|| Arc::clone(from))));
            let from = from.collect::<Result<Vec<_>>>()?;
            Ok(Transformed::yes(part.with_new_children(from)?))
        });
        Ok(derived?.data)
    }

    /// The condition asked of values, if it can be.
    fn by_value(&self, condition: &Arc<dyn PhysicalExpr>) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let columns: Vec<Column> = collect_columns(condition).into_iter().collect();
        let [column] = columns.as_slice() else { return Ok(None) };
        let Some((at, field)) = self.file.column_with_name(column.name()) else { return Ok(None) };
        if *field.data_type() != codes()
            || is_volatile(condition)
            || condition.data_type(&self.table)? != DataType::Boolean
        {
            return Ok(None);
        }
        let alone = Arc::clone(condition).transform(|part| {
            Ok(match part.downcast_ref::<Column>() {
                Some(column) => {
                    Transformed::yes(Arc::new(Column::new(column.name(), 0)) as Arc<dyn PhysicalExpr>)
                }
                None => Transformed::no(part),
            })
        })?;
        let schema = Arc::new(Schema::new(vec![Field::new(column.name(), DataType::Utf8, true)]));
        let column = Arc::new(Column::new(column.name(), at));
        Ok(Some(Arc::new(ByValue { column, condition: alone.data, schema, last: Mutex::default() })))
    }
}

/// A condition on a column of codes.
#[derive(Debug)]
struct ByValue {
    column: Arc<dyn PhysicalExpr>,
    /// The same of a batch that has this column alone, as text.
    condition: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
    /// A row group's batches share its values.
    last: Mutex<Option<(ArrayRef, Arc<Answers>)>>,
}

/// What a condition says of each value, and of none.
#[derive(Debug)]
struct Answers {
    of_values: BooleanArray,
    of_none: Option<bool>,
}

impl ByValue {
    /// What it says of some texts.
    fn ask(&self, texts: ArrayRef) -> Result<BooleanArray> {
        let rows = texts.len();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), vec![texts])?;
        let said = self.condition.evaluate(&batch)?.into_array(rows)?;
        said.as_boolean_opt()
            .cloned()
            .ok_or_else(|| DataFusionError::Internal(format!("{self} is no condition")))
    }

    fn answers(&self, values: &ArrayRef) -> Result<Arc<Answers>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, answers)) = last.as_ref()
            && of.to_data().ptr_eq(&values.to_data())
        {
            return Ok(Arc::clone(answers));
        }
        let none = self.ask(Arc::new(StringArray::new_null(1)))?;
        let of_none = none.iter().next().flatten();
        let answers = Arc::new(Answers { of_values: self.ask(Arc::clone(values))?, of_none });
        *last = Some((Arc::clone(values), Arc::clone(&answers)));
        Ok(answers)
    }
}

impl Answers {
    fn of(&self, codes: &DictionaryArray<Int32Type>) -> Result<BooleanArray> {
        let said = take(&self.of_values, codes.keys(), None)?.as_boolean().clone();
        let Some(of_none) = self.of_none.filter(|_| codes.null_count() > 0) else { return Ok(said) };
        let rows = said.iter().zip(codes.keys());
        Ok(rows.map(|(said, code)| if code.is_some() { said } else { Some(of_none) }).collect())
    }
}

impl PhysicalExpr for ByValue {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        self.condition.nullable(&self.schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let column = self.column.evaluate(batch)?.into_array(batch.num_rows())?;
        let by_row = |column: &ArrayRef| self.ask(arrow_cast::cast(column, &DataType::Utf8)?);
        let said = match column.as_dictionary_opt::<Int32Type>() {
            Some(codes) if codes.value_type() == DataType::Utf8 => match self.answers(codes.values()) {
                Ok(answers) => answers.of(codes)?,
                Err(_) => by_row(&column)?,
            },
            _ => by_row(&column)?,
        };
        Ok(ColumnarValue::Array(Arc::new(said)))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.column]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let [column] = <[_; 1]>::try_from(children)
            .map_err(|_| DataFusionError::Internal(format!("{self} has one column")))?;
        let (condition, schema) = (Arc::clone(&self.condition), Arc::clone(&self.schema));
        Ok(Arc::new(Self { column, condition, schema, last: Mutex::default() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt_sql(f)
    }
}

impl fmt::Display for ByValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by value of {}: {}", self.column, self.condition)
    }
}

impl PartialEq for ByValue {
    fn eq(&self, other: &Self) -> bool {
        self.column.eq(&other.column) && self.condition.eq(&other.condition)
    }
}

impl Eq for ByValue {}

impl Hash for ByValue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.column.hash(state);
        self.condition.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Int64Array, types::Int32Type};
    use datafusion::common::ToDFSchema;
    use datafusion::logical_expr::{Volatility, create_udf};
    use datafusion::prelude::{SessionContext, cast, col, lit, try_cast};
    use std::sync::atomic::{AtomicUsize, Ordering};

    const TEXTS: [Option<&str>; 8] =
        [Some("10.0.1.7"), None, Some("10.0.2.9"), Some("10.0.1.7"), Some("7"), Some(""), None, Some("-")];

    fn table() -> SchemaRef {
        let (text, number) =
            (Field::new("text", DataType::Utf8, true), Field::new("n", DataType::Int64, true));
        Arc::new(Schema::new(vec![number, text]))
    }

    /// As a file is read that holds codes: with another order of columns, and values that no row has.
    fn rows() -> (SchemaRef, RecordBatch) {
        let mut texts: DictionaryArray<Int32Type> = TEXTS.into_iter().collect();
        let more: StringArray = texts.values().as_string::<i32>().iter().chain([Some("no number")]).collect();
        texts = texts.with_values(Arc::new(more));
        let file = DataFile {
            path: String::new(),
            part: crate::tables::Part::None,
            size: 0,
            modified: 0,
            rows: Some(8),
            times: None,
            coded: [("text".to_owned(), 2), ("n".to_owned(), 8)].into(),
        };
        let read = as_it_lies(&table(), &file, &["text".to_owned()].into()).unwrap();
        assert_eq!(read.metadata().get(EMPTY).unwrap(), "n");
        assert_eq!(
            as_it_lies(&table(), &DataFile { coded: [].into(), ..file }, &["text".to_owned()].into()),
            None
        );
        let numbers = Int64Array::new_null(TEXTS.len());
        (Arc::clone(&read), RecordBatch::try_new(read, vec![Arc::new(numbers), Arc::new(texts)]).unwrap())
    }

    fn by_rows(condition: &Arc<dyn PhysicalExpr>) -> BooleanArray {
        let texts: StringArray = TEXTS.into_iter().collect();
        let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::new_null(TEXTS.len())), Arc::new(texts)];
        let batch = RecordBatch::try_new(table(), columns).unwrap();
        condition.evaluate(&batch).unwrap().into_array(TEXTS.len()).unwrap().as_boolean().clone()
    }

    fn asked(condition: Expr) -> Arc<dyn PhysicalExpr> {
        SessionContext::new().create_physical_expr(condition, &table().to_dfschema().unwrap()).unwrap()
    }

    #[test]
    fn values_are_answered_as_rows_are() {
        let (file, batch) = rows();
        let adapter = Adapters.create(table(), file).unwrap();
        let text = || col("text");
        for condition in [
            text().like(lit("10.0.1.%")),
            text().not_like(lit("10.0.1.%")),
            text().eq(lit("7")),
            text().in_list(vec![lit("7"), lit("-")], false),
            text().is_null(),
            text().is_not_null(),
            text().is_null().or(text().eq(lit(""))),
            try_cast(text(), DataType::Int64).gt(lit(3)),
            text().eq(lit(ScalarValue::Utf8(None))),
        ] {
            let rows = asked(condition.clone());
            let values = adapter.rewrite(Arc::clone(&rows)).unwrap();
            assert!(values.downcast_ref::<ByValue>().is_some(), "{condition}");
            let answers = values.evaluate(&batch).unwrap().into_array(TEXTS.len()).unwrap();
            assert_eq!(answers.as_boolean(), &by_rows(&rows), "{condition}");
            assert_eq!(answers.is_nullable(), answers.null_count() > 0);
        }
        // Of two columns, and of another one: as they are.
        let others = adapter.rewrite(asked(text().eq(lit("7")).or(col("n").gt(lit(3))))).unwrap();
        assert!(others.downcast_ref::<ByValue>().is_none());
    }

    #[test]
    fn each_value_is_asked_once_and_what_cannot_be_judged_is_asked_of_rows() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let count = |arguments: &[ColumnarValue]| {
            let texts = ColumnarValue::values_to_arrays(arguments)?;
            ASKED.fetch_add(texts.first().map_or(0, |texts| texts.len()), Ordering::Relaxed);
            Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(vec![
                true;
                texts.first().map_or(0, |t| t.len())
            ]))))
        };
        let counted = create_udf(
            "counted",
            vec![DataType::Utf8],
            DataType::Boolean,
            Volatility::Immutable,
            Arc::new(count),
        );
        let (file, batch) = rows();
        let adapter = Adapters.create(table(), file).unwrap();
        let condition = adapter.rewrite(asked(counted.call(vec![col("text")]))).unwrap();
        for rows in [0..8, 0..4, 4..8] {
            condition.evaluate(&batch.slice(rows.start, rows.len())).unwrap();
        }
        assert_eq!(ASKED.load(Ordering::Relaxed), 7, "six values and none");
        // A value that no row has is no number.
        let numbers = asked(cast(col("text"), DataType::Int64).gt(lit(3)));
        let one = adapter.rewrite(numbers).unwrap().evaluate(&batch.slice(4, 1)).unwrap();
        assert_eq!(one.into_array(1).unwrap().as_boolean(), &BooleanArray::from(vec![true]));
    }

    #[test]
    fn nothing_stands_for_columns_without_a_value_but_in_conditions() {
        let (file, _) = rows();
        let adapter = Adapters.create(table(), file).unwrap();
        let nothing = adapter.rewrite(asked(col("n"))).unwrap();
        assert_eq!(nothing.to_string(), "NULL");
        assert!(adapter.rewrite(asked(col("n").gt(lit(3)))).unwrap().to_string().contains("n@0"));
        let lists = Schema::new(vec![Field::new("people", DataType::new_list(DataType::Int64, true), true)]);
        let file = lists.clone().with_metadata([(EMPTY.to_owned(), "people".to_owned())].into());
        let adapter = Adapters.create(Arc::new(lists), Arc::new(file)).unwrap();
        let people = adapter.rewrite(Arc::new(Column::new("people", 0))).unwrap();
        assert_eq!(people.to_string(), "people@0", "lists without elements are lists");
    }
}
