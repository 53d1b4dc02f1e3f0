//! Columns that are derived when records are read: one scalar function per column, so that a query pays for what it names.

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema};
use datafusion::common::exec_err;
use datafusion::dataframe::DataFrame;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::ident;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use weir_catalog::{Catalog, Column, Inputs};

/// A column derived from others of the same row.
#[derive(Clone, Debug)]
pub struct DerivedColumn {
    /// Its name and type.
    pub field: Field,
    /// The columns of `access` it is derived from.
    pub inputs: Vec<String>,
}

/// Derives columns of `access`: a pure function of the inputs and of what the implementor was made with.
pub trait Derive: Send + Sync {
    /// Tells two configurations apart: equal ids derive equal columns.
    fn id(&self) -> &str;
    /// The columns, in the order the view shows them. One with the name of a stored column takes its place.
    fn columns(&self) -> Vec<DerivedColumn>;
    /// One column's values from a batch of its inputs.
    fn derive(&self, column: &str, inputs: &RecordBatch) -> std::result::Result<ArrayRef, String>;
}

impl Derive for Catalog {
    fn id(&self) -> &str {
        Catalog::id(self)
    }

    fn columns(&self) -> Vec<DerivedColumn> {
        let shown = |column: Column| DerivedColumn {
            field: Field::new(column.name(), column.data_type(), true),
            inputs: self.inputs(column).into_iter().map(str::to_owned).collect(),
        };
        Column::ALL.map(shown).into()
    }

    fn derive(&self, column: &str, inputs: &RecordBatch) -> std::result::Result<ArrayRef, String> {
        let column = Column::ALL.into_iter().find(|c| c.name() == column);
        let column = column.ok_or_else(|| "a catalog derives no such column".to_owned())?;
        Ok(self.derive_some(&Inputs::of(inputs), &[column]).column(column))
    }
}

struct Derived {
    name: String,
    column: DerivedColumn,
    by: Arc<dyn Derive>,
    signature: Signature,
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of catalog {}", self.name, self.by.id())
    }
}

impl PartialEq for Derived {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.by.id() == other.by.id()
    }
}

impl Eq for Derived {}

impl Hash for Derived {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.by.id().hash(state);
    }
}

impl ScalarUDFImpl for Derived {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.column.field.data_type().clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let fields = self.column.inputs.iter().zip(&arrays);
        let fields: Vec<Field> =
            fields.map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(args.number_rows));
        let arrays = arrays.into_iter().map(|a| {
            if a.len() == 1 && args.number_rows != 1 { spread(&a, args.number_rows) } else { Ok(a) }
        });
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)?;
        match self.by.derive(self.column.field.name(), &batch) {
            Ok(array) if array.len() == args.number_rows => Ok(ColumnarValue::Array(array)),
            Ok(array) => exec_err!("{:?} gave {} values for {} rows", self, array.len(), args.number_rows),
            Err(message) => Err(DataFusionError::Execution(message)),
        }
    }
}

/// A constant as a column.
fn spread(array: &ArrayRef, rows: usize) -> Result<ArrayRef> {
    datafusion::common::ScalarValue::try_from_array(array, 0)?.to_array_of_size(rows)
}

/// The records with their derived columns: derived ones take the place of stored ones with the same name, the rest follow.
pub(crate) fn view(records: DataFrame, by: &Arc<dyn Derive>) -> Result<DataFrame> {
    let columns = by.columns();
    let derived = |column: &DerivedColumn| -> Expr {
        let name = format!("weir_{}", column.field.name());
        let signature = Signature::any(column.inputs.len(), Volatility::Immutable);
        let udf = Derived { name, column: column.clone(), by: Arc::clone(by), signature };
        let inputs = column.inputs.iter().map(ident).collect();
        ScalarUDF::new_from_impl(udf).call(inputs).alias(column.field.name())
    };
    let stored: Vec<String> = records.schema().fields().iter().map(|f| f.name().clone()).collect();
    let mut shown = Vec::new();
    for name in &stored {
        match columns.iter().find(|c| c.field.name() == name) {
            Some(column) => shown.push(derived(column)),
            None => shown.push(ident(name)),
        }
    }
    shown.extend(columns.iter().filter(|c| !stored.contains(c.field.name())).map(derived));
    records.select(shown)
}
