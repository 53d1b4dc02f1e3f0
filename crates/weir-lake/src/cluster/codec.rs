//! How tables and derived columns are written into a plan, and read where it arrives.
//!
//! Decisive choice: everything else of a plan is DataFusion's or Ballista's own, and what they write is left to them. What is ours is JSON that says which
//! version of this program wrote it, so that a process of another version refuses it instead of reading something else into it.

use super::Rebuild;
use crate::delta::DataFile;
use crate::derive::{Derive, Derived};
use crate::scan::ScanTable;
use crate::tables::Name;
use arrow_schema::SchemaRef;
use ballista_core::serde::{BallistaLogicalExtensionCodec, BallistaPhysicalExtensionCodec};
use datafusion::common::{TableReference, plan_datafusion_err};
use datafusion::datasource::TableProvider;
use datafusion::datasource::file_format::FileFormatFactory;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Extension, LogicalPlan, ScalarUDF};
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use object_store::path::Path as StorePath;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Who wrote it. Processes of one cluster are one program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A table, beside its schema.
#[derive(Serialize, Deserialize)]
struct SentTable {
    version: String,
    table: Name,
    /// What scans call the store.
    objects: String,
    /// The lake's path in it.
    prefix: String,
    files: Vec<DataFile>,
}

/// A derived column.
#[derive(Serialize, Deserialize)]
struct SentColumn {
    version: String,
    table: Name,
    column: String,
    recipe: String,
}

fn of_this_version(version: &str) -> Result<()> {
    if version == VERSION {
        return Ok(());
    }
    Err(plan_datafusion_err!("a part of the query was written by weir {version}, and this is weir {VERSION}"))
}

fn unreadable(error: impl fmt::Display) -> datafusion::error::DataFusionError {
    plan_datafusion_err!("a part of the query cannot be read: {error}")
}

/// Catalogs that were made again lately; each may have read large files.
const REBUILT_MAX: usize = 4;

/// A recipe, and what was made from it.
type Rebuilt = (String, Arc<dyn Derive>);

/// Writes derived columns and makes them again.
#[derive(Clone)]
pub(super) struct Columns {
    rebuild: Option<Rebuild>,
    /// The last used come last.
    rebuilt: Arc<Mutex<Vec<Rebuilt>>>,
}

impl fmt::Debug for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Columns")
    }
}

impl Columns {
    /// Columns that this process makes again.
    pub(super) fn received(rebuild: Rebuild) -> Self {
        Self { rebuild: Some(rebuild), rebuilt: Arc::default() }
    }

    fn encode(udf: &ScalarUDF, buf: &mut Vec<u8>) -> Result<()> {
        let any: &dyn Any = udf.inner().as_ref();
        let Some(derived) = any.downcast_ref::<Derived>() else { return Ok(()) };
        let recipe = derived.by.recipe();
        let recipe = recipe.ok_or_else(|| plan_datafusion_err!("{derived:?} cannot be sent to a cluster"))?;
        let sent = SentColumn {
            version: VERSION.to_owned(),
            table: derived.table,
            column: derived.column.field.name().clone(),
            recipe: recipe.to_owned(),
        };
        serde_json::to_writer(buf, &sent).map_err(unreadable)
    }

    fn decode(&self, name: &str, buf: &[u8]) -> Result<Arc<ScalarUDF>> {
        if buf.is_empty() {
            return Err(plan_datafusion_err!("there is no function `{name}` here"));
        }
        let sent: SentColumn = serde_json::from_slice(buf).map_err(unreadable)?;
        of_this_version(&sent.version)?;
        let by = self.by(&sent.recipe)?;
        let derived = Derived::named(sent.table, &sent.column, &by);
        let derived = derived.ok_or_else(|| unreadable(format!("no column `{}` is derived", sent.column)))?;
        Ok(Arc::new(ScalarUDF::new_from_impl(derived)))
    }

    fn by(&self, recipe: &str) -> Result<Arc<dyn Derive>> {
        let rebuild = self.rebuild.as_ref().ok_or_else(|| unreadable("this process makes no catalogs"))?;
        // Held while one is made: others of the same query want the same.
        let mut rebuilt = self.rebuilt.lock().unwrap_or_else(PoisonError::into_inner);
        let by = match rebuilt.iter().position(|(of, _)| of == recipe) {
            Some(at) => rebuilt.remove(at).1,
            None => rebuild(recipe).map_err(|e| plan_datafusion_err!("{e}"))?,
        };
        if rebuilt.len() >= REBUILT_MAX {
            rebuilt.remove(0);
        }
        rebuilt.push((recipe.to_owned(), Arc::clone(&by)));
        Ok(by)
    }
}

/// Logical plans: what the driver sends to the scheduler.
#[derive(Debug)]
pub(super) struct Tables {
    columns: Columns,
    others: BallistaLogicalExtensionCodec,
}

impl Tables {
    /// For whoever sends plans and reads none.
    pub(super) fn sent() -> Self {
        Self::with(Columns { rebuild: None, rebuilt: Arc::default() })
    }

    pub(super) fn with(columns: Columns) -> Self {
        Self { columns, others: BallistaLogicalExtensionCodec::default() }
    }
}

impl LogicalExtensionCodec for Tables {
    fn try_decode(&self, buf: &[u8], inputs: &[LogicalPlan], ctx: &TaskContext) -> Result<Extension> {
        self.others.try_decode(buf, inputs, ctx)
    }

    fn try_encode(&self, node: &Extension, buf: &mut Vec<u8>) -> Result<()> {
        self.others.try_encode(node, buf)
    }

    fn try_decode_table_provider(
        &self,
        buf: &[u8],
        _: &TableReference,
        schema: SchemaRef,
        _: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        let sent: SentTable = serde_json::from_slice(buf).map_err(unreadable)?;
        of_this_version(&sent.version)?;
        Ok(Arc::new(ScanTable {
            name: sent.table,
            schema,
            files: sent.files.into(),
            objects: ObjectStoreUrl::parse(&sent.objects)?,
            prefix: StorePath::parse(&sent.prefix).map_err(unreadable)?,
            is_local: false,
            is_whole: false,
        }))
    }

    fn try_encode_table_provider(
        &self,
        table: &TableReference,
        node: Arc<dyn TableProvider>,
        buf: &mut Vec<u8>,
    ) -> Result<()> {
        let any: &dyn Any = node.as_ref();
        let Some(scan) = any.downcast_ref::<ScanTable>() else {
            return self.others.try_encode_table_provider(table, node, buf);
        };
        let sent = SentTable {
            version: VERSION.to_owned(),
            table: scan.name,
            objects: scan.objects.as_str().to_owned(),
            prefix: scan.prefix.to_string(),
            files: scan.files.to_vec(),
        };
        serde_json::to_writer(buf, &sent).map_err(unreadable)
    }

    fn try_decode_file_format(&self, buf: &[u8], ctx: &TaskContext) -> Result<Arc<dyn FileFormatFactory>> {
        self.others.try_decode_file_format(buf, ctx)
    }

    fn try_encode_file_format(&self, buf: &mut Vec<u8>, node: Arc<dyn FileFormatFactory>) -> Result<()> {
        self.others.try_encode_file_format(buf, node)
    }

    fn try_decode_udf(&self, name: &str, buf: &[u8]) -> Result<Arc<ScalarUDF>> {
        self.columns.decode(name, buf)
    }

    fn try_encode_udf(&self, node: &ScalarUDF, buf: &mut Vec<u8>) -> Result<()> {
        Columns::encode(node, buf)
    }
}

/// Physical plans: what the scheduler hands out to executors. Scans are DataFusion's own by then.
#[derive(Debug)]
pub(super) struct Parts {
    columns: Columns,
    others: BallistaPhysicalExtensionCodec,
}

impl Parts {
    pub(super) fn with(columns: Columns) -> Self {
        Self { columns, others: BallistaPhysicalExtensionCodec::default() }
    }
}

impl PhysicalExtensionCodec for Parts {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        ctx: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.others.try_decode(buf, inputs, ctx, converter)
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        self.others.try_encode(node, buf, converter)
    }

    fn try_decode_udf(&self, name: &str, buf: &[u8]) -> Result<Arc<ScalarUDF>> {
        self.columns.decode(name, buf)
    }

    fn try_encode_udf(&self, node: &ScalarUDF, buf: &mut Vec<u8>) -> Result<()> {
        Columns::encode(node, buf)
    }
}
