//! Columns that are derived when records are read: one scalar function per column, so that a query pays for what it names.

use crate::tables::Name;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema};
use datafusion::common::exec_err;
use datafusion::dataframe::DataFrame;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::prelude::ident;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use weir_catalog::{Catalog, Column, Inputs};
use weir_model::Table;

/// A column derived from others of the same row.
#[derive(Clone, Debug)]
pub struct DerivedColumn {
    /// Its name and type.
    pub field: Field,
    /// The stored columns of the same table it is derived from.
    pub inputs: Vec<String>,
}

/// How a text that somebody writes in a query stands in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// As it is written: the column shows what is stored or derived.
    Stored,
    /// As one of these: the column shows pseudonyms in place of people.
    As(Vec<String>),
    /// It shows pseudonyms, and how this text stands in it depends on the rest of each record.
    Unknown,
}

/// What a column shows in place of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// It shows people as they are, or none.
    Stored,
    /// The same pseudonym for the same text, in every column of this name.
    Alike(&'static str),
    /// Pseudonyms that depend on the rest of a record: one text may stand in two ways.
    Varied,
    /// Nothing: neither what is there nor whether anything is.
    Nothing,
}

/// Derives columns when tables are read: a pure function of the inputs and of what the implementor was made with.
pub trait Derive: Send + Sync {
    /// Tells two configurations apart: equal ids derive equal columns.
    fn id(&self) -> &str;
    /// A table's derived columns, in the order the view shows them. One with the name of a stored column takes its place.
    fn columns(&self, table: &str) -> Vec<DerivedColumn>;
    /// One column's values from a batch of its inputs.
    fn derive(
        &self,
        table: &str,
        column: &str,
        inputs: &RecordBatch,
    ) -> std::result::Result<ArrayRef, String>;
    /// Whether the lake's digest, made when records were folded, shows them as this does.
    fn kept(&self) -> bool {
        false
    }
    /// What a column shows in place of people.
    fn shows(&self, _table: &str, _column: &str) -> Shows {
        Shows::Stored
    }
    /// How a text stands in a column.
    fn written(&self, _table: &str, _column: &str, _text: &str) -> Written {
        Written::Stored
    }
    /// What the ids in a list of people show, and how one stands there.
    fn written_id(&self, _id: &str) -> (Shows, Written) {
        (Shows::Stored, Written::Stored)
    }
    /// From what another process of a cluster makes it again; `None` if none can.
    fn recipe(&self) -> Option<&str> {
        None
    }
}

impl Derive for Catalog {
    fn id(&self) -> &str {
        Catalog::id(self)
    }

    fn columns(&self, table: &str) -> Vec<DerivedColumn> {
        if table != Table::Access.name() {
            return Vec::new();
        }
        let shown = |column: Column| DerivedColumn {
            field: Field::new(column.name(), column.data_type(), true),
            inputs: self.inputs(column).into_iter().map(str::to_owned).collect(),
        };
        Column::ALL.map(shown).into()
    }

    fn derive(&self, _: &str, column: &str, inputs: &RecordBatch) -> std::result::Result<ArrayRef, String> {
        let column = derived(column).ok_or_else(|| format!("no column `{column}` is derived"))?;
        Ok(self.derive_some(&Inputs::of(inputs), &[column]).column(column))
    }

    fn kept(&self) -> bool {
        self.knows_data()
    }
}

pub(crate) fn derived(name: &str) -> Option<Column> {
    Column::ALL.into_iter().find(|c| c.name() == name)
}

/// One derived column as a function.
pub(crate) struct Derived {
    name: String,
    pub(crate) table: Name,
    pub(crate) column: DerivedColumn,
    pub(crate) by: Arc<dyn Derive>,
    signature: Signature,
}

impl Derived {
    fn new(table: Name, column: DerivedColumn, by: &Arc<dyn Derive>) -> Self {
        let name = format!("weir_{table}_{}", column.field.name());
        let signature = Signature::any(column.inputs.len(), Volatility::Immutable);
        Self { name, table, column, by: Arc::clone(by), signature }
    }

    /// The column of a name, if one is derived.
    #[cfg(feature = "cluster")]
    pub(crate) fn named(table: Name, column: &str, by: &Arc<dyn Derive>) -> Option<Self> {
        let found = by.columns(table.as_str()).into_iter().find(|c| c.field.name() == column)?;
        Some(Self::new(table, found, by))
    }
}

/// Whether an expression of a plan works out a derived column.
pub(crate) fn is_derived(part: &Arc<dyn PhysicalExpr>) -> bool {
    let function = part.downcast_ref::<ScalarFunctionExpr>();
    function.is_some_and(|function| function.fun().inner().downcast_ref::<Derived>().is_some())
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
        match self.by.derive(self.table.as_str(), self.column.field.name(), &batch) {
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
pub(crate) fn view(table: Name, records: DataFrame, by: &Arc<dyn Derive>) -> Result<DataFrame> {
    let columns = by.columns(table.as_str());
    let derived = |column: &DerivedColumn| -> Expr {
        let inputs = column.inputs.iter().map(ident).collect();
        ScalarUDF::new_from_impl(Derived::new(table, column.clone(), by))
            .call(inputs)
            .alias(column.field.name())
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
