//! A session that holds few records: what many questions about the same few are asked of.
//!
//! Decisive choice: the records are read once, their derived columns with them, into temporary files under the tables' own names. A query is
//! the same text in both sessions, and so is the query that a claim cites. On a cluster, executors read the lake and send the few; what is asked of
//! them is then worked out here.

use crate::session::{DIGEST, Session, configuration, digest_of_each};
use crate::{LakeError, Result};
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use futures::TryStreamExt;
use futures::future::BoxFuture;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use weir_model::Table;

impl Session {
    /// A session in which each of these record tables holds only the records for which its condition is true; every other table is as it was.
    /// What was read lies on disk until the last clone of the session is gone.
    ///
    /// # Errors
    /// If a condition cannot be run, or the temporary files cannot be written.
    pub fn narrowed<'a>(&'a self, conditions: &'a [(Table, String)]) -> BoxFuture<'a, Result<Self>> {
        Box::pin(async move {
            let folder = match &self.options.spill_dir {
                Some(dir) => TempDir::new_in(dir),
                None => TempDir::new(),
            };
            let folder = folder.map_err(|e| LakeError::write("a temporary folder", e))?;
            let mut config = configuration(&self.options);
            // DataFusion 55 takes `dataset IS NOT NULL OR cardinality(subjects) > 0` for a filter that a reader of Parquet applies, folds its first part where a
            // file has no dataset at all, then finds that the rest is none of those and drops it: every record is given. Lists lie in these files alone.
            config.options_mut().execution.parquet.pushdown_filters = false;
            let mut context = SessionContext::new_with_config_rt(config, self.context.runtime_env());
            crate::functions::register(&mut context)?;
            for (table, condition) in conditions {
                let path = folder.path().join(format!("{}.parquet", table.name()));
                self.copy(*table, condition, &path).await?;
                let path = path.to_string_lossy().into_owned();
                context.register_parquet(table.name(), path, ParquetReadOptions::default()).await?;
                if *table == Table::Access {
                    let digest = digest_of_each(context.table(table.name()).await?)?;
                    context.register_table(DIGEST, digest.into_view())?;
                }
            }
            for name in self.context.catalog_names().iter().filter_map(|c| self.context.catalog(c)) {
                let Some(schema) = name.schema("public") else { continue };
                for table in schema.table_names() {
                    if !context.table_exist(table.as_str())?
                        && let Some(provider) = schema.table(&table).await?
                    {
                        context.register_table(table.as_str(), provider)?;
                    }
                }
            }
            Ok(Self { context, temporary: Some(Arc::new(folder)), ..self.clone() })
        })
    }

    /// Writes the records of a table for which a condition is true.
    async fn copy(&self, table: Table, condition: &str, path: &Path) -> Result<()> {
        let frame = self.plan(&format!("SELECT * FROM {} WHERE {condition}", table.name())).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let level = ZstdLevel::try_new(1).unwrap_or_default();
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
        let wrong = |e: &dyn std::fmt::Display| LakeError::write(path.display().to_string(), e);
        let file = File::create(path).map_err(|e| wrong(&e))?;
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(|e| wrong(&e))?;
        let mut batches = frame.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            writer.write(&batch).map_err(|e| wrong(&e))?;
        }
        writer.close().map_err(|e| wrong(&e))?;
        Ok(())
    }
}
