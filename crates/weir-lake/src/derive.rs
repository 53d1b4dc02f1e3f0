//! Columns that are derived when records are read: one scalar function per column, so that a query pays for what it names.

use crate::tables::Name;
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, StringArray, new_null_array};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::zip::zip;
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
use weir_catalog::{Catalog, Column, Inputs, Masked, mask};
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
    /// How a text stands in a column.
    fn written(&self, _table: &str, _column: &str, _text: &str) -> Written {
        Written::Stored
    }
    /// How a person's id stands in a list of people.
    fn written_id(&self, _id: &str) -> Written {
        Written::Stored
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
        true
    }
}

fn derived(name: &str) -> Option<Column> {
    Column::ALL.into_iter().find(|c| c.name() == name)
}

/// Columns of `auth` that name whom a credential was issued to.
const HOLDERS: [&str; 2] = ["user", "actor"];
/// The logs that issue credentials to the people whose data it is. Other sign-ins are of those who act.
const ISSUER: &str = "token_issuance";

/// The catalog's columns and, in every table, pseudonyms in place of people. What could not be parsed is not shown at all: who
/// stands in it is unknown.
impl Derive for Masked {
    fn id(&self) -> &str {
        self.catalog().id()
    }

    fn columns(&self, table: &str) -> Vec<DerivedColumn> {
        let text = |name: &str, inputs: Vec<String>| DerivedColumn {
            field: Field::new(name, DataType::Utf8, true),
            inputs,
        };
        match table {
            "access" => {
                let people: Vec<String> =
                    self.catalog().inputs(Column::Subjects).into_iter().map(str::to_owned).collect();
                let with = |name: &str| {
                    let more = (!people.iter().any(|p| p == name)).then(|| name.to_owned());
                    people.iter().cloned().chain(more).collect()
                };
                let mut columns = Derive::columns(self.catalog(), table);
                columns.extend(mask::TEXTS.map(|name| text(name, with(name))));
                columns
            }
            "auth" => HOLDERS.map(|name| text(name, vec![name.to_owned(), "source".to_owned()])).into(),
            "rollup" => vec![text("entity", vec!["entity".to_owned(), "kind".to_owned()])],
            "rejects" => vec![text("text", vec!["text".to_owned()])],
            _ => Vec::new(),
        }
    }

    fn written(&self, table: &str, column: &str, text: &str) -> Written {
        let held = |of: Vec<String>| Written::As([vec![text.to_owned()], of].concat());
        match (table, column) {
            ("access", "subject") => Written::As(vec![self.subject_written(text)]),
            ("access", "actor") => held(self.id_written(text)),
            ("access", "path") => held(vec![self.path_written(text)]),
            ("access", name) if name == Column::Subjects.name() || mask::TEXTS.contains(&name) => {
                Written::Unknown
            }
            ("auth", name) if HOLDERS.contains(&name) => held(vec![self.holder_written(text)]),
            ("rollup", "entity") => held(vec![self.holder_written(text)]),
            ("rejects", "text") => Written::Unknown,
            _ => Written::Stored,
        }
    }

    fn written_id(&self, id: &str) -> Written {
        Written::As([vec![id.to_owned()], self.id_written(id)].concat())
    }

    fn derive(
        &self,
        table: &str,
        column: &str,
        inputs: &RecordBatch,
    ) -> std::result::Result<ArrayRef, String> {
        let texts = |name: &str| {
            let found = inputs.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
            found.ok_or_else(|| format!("`{table}` has no text `{name}`"))
        };
        let some = |values: &StringArray, of: &StringArray, masked: &str| {
            let which = of.iter().map(|word| Some(word == Some(masked))).collect::<BooleanArray>();
            zip(&which, &self.people(mask::ISSUED_TO, values), values).map_err(|e| e.to_string())
        };
        Ok(match (table, derived(column)) {
            ("access", Some(column)) => self.derived(column, inputs),
            ("access", None) => self.text(column, inputs),
            ("auth", _) => some(texts(column)?, texts("source")?, ISSUER)?,
            // Whoever was issued a credential is an actor.
            ("rollup", _) => some(texts("entity")?, texts("kind")?, "actor")?,
            _ => new_null_array(&DataType::Utf8, inputs.num_rows()),
        })
    }
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
