//! Derived columns: shown beside the stored ones, paid for only when named.

use crate::common::{World, ingest, lake, number, staged, three_days};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, new_null_array};
use arrow_schema::{DataType, Field};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use weir_lake::{Derive, DerivedColumn, SessionOptions};

#[derive(Default)]
struct Counting {
    rows: AtomicUsize,
    asked: Mutex<Vec<String>>,
}

impl Derive for Counting {
    fn id(&self) -> &str {
        "counting"
    }
    fn columns(&self, table: &str) -> Vec<DerivedColumn> {
        if table != "access" {
            return Vec::new();
        }
        let column = |name: &str| DerivedColumn {
            field: Field::new(name, DataType::Utf8, true),
            inputs: vec!["path".into(), "subjects".into()],
        };
        vec![column("route"), column("subjects")]
    }
    fn derive(&self, _: &str, column: &str, inputs: &RecordBatch) -> Result<ArrayRef, String> {
        self.rows.fetch_add(inputs.num_rows(), Ordering::Relaxed);
        self.asked.lock().unwrap().push(column.to_owned());
        let path = inputs.column_by_name("path").unwrap().as_any().downcast_ref::<StringArray>().unwrap();
        let route = path.iter().map(|p| p.map(|p| format!("{}/{{id}}", &p[..8])));
        Ok(Arc::new(route.collect::<StringArray>()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unused_derived_columns_cost_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    ingest(&lake, &World { rows: 300, file: 7, uids: true, day_of: three_days }, "f").await;
    let counting = Arc::new(Counting::default());
    let derive: Arc<dyn Derive> = counting.clone();
    let session = lake.snapshot().await.unwrap().session(&SessionOptions::default(), Some(derive)).unwrap();
    assert_eq!(number(&session, "SELECT count(*) FROM access WHERE bytes_out > 1").await, 298);
    assert_eq!(number(&session, "SELECT count(*) FROM access").await, 300);
    session.sql("SELECT path FROM access").await.unwrap();
    assert_eq!(counting.rows.load(Ordering::Relaxed), 0);
    let found = "SELECT count(*) FROM access WHERE route = '/members/{id}' AND day = DATE '2025-01-01'";
    assert_eq!(number(&session, found).await, 100);
    assert_eq!(counting.rows.load(Ordering::Relaxed), 100);
    assert!(counting.asked.lock().unwrap().iter().all(|c| c == "route"));
    // What is stored is asked first, though it has more bytes: one row is left to derive.
    let found = "SELECT count(*) FROM access WHERE route = '/members/{id}' AND concat(src_ip, event_uid, line, \"offset\") LIKE '10.0.0.7e7%'";
    assert_eq!(number(&session, found).await, 1);
    assert_eq!(counting.rows.load(Ordering::Relaxed), 101);
    // The derived column stands where the stored one of its name stood; the new one follows.
    let rows = session.sql("SELECT * FROM access LIMIT 1").await.unwrap();
    let schema = rows[0].schema();
    assert_eq!(schema.field(schema.fields().len() - 1).name(), "route");
    assert_eq!(schema.field_with_name("subjects").unwrap().data_type(), &DataType::Utf8);
}

/// A catalog whose digest the lake may keep.
#[derive(Default)]
struct Known(Counting);

impl Derive for Known {
    fn id(&self) -> &str {
        "known"
    }
    fn columns(&self, table: &str) -> Vec<DerivedColumn> {
        self.0.columns(table)
    }
    fn derive(&self, table: &str, column: &str, inputs: &RecordBatch) -> Result<ArrayRef, String> {
        self.0.derive(table, column, inputs)
    }
    fn kept(&self) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_stands_for_records_only_where_all_were_folded_under_its_catalog() {
    let dir = tempfile::tempdir().unwrap();
    let lake = lake(dir.path()).await;
    let rows = |schema: arrow_schema::SchemaRef| {
        let columns = schema.fields().iter().map(|field| new_null_array(field.data_type(), 5)).collect();
        RecordBatch::try_new(schema, columns).unwrap()
    };
    let nullable = |schema: arrow_schema::SchemaRef| {
        let fields = schema.fields().iter().map(|field| Field::clone(field).with_nullable(true));
        Arc::new(arrow_schema::Schema::new(fields.collect::<Vec<_>>()))
    };
    let asked = async || {
        let known: Arc<dyn Derive> = Arc::new(Known::default());
        let session =
            lake.snapshot().await.unwrap().session(&SessionOptions::default(), Some(known)).unwrap();
        number(&session, "SELECT count(*) FROM digest").await
    };
    // The first knew no data and made none.
    for (file, catalog, records) in [(1, "nothing", 300), (2, "known", 700)] {
        let world = World { rows: 300 + 100 * (file as usize - 1), file, uids: false, day_of: three_days };
        let mut ingest = staged(&lake, &world).await;
        ingest.rollup(catalog, &rows(nullable(weir_rollup::schema()))).await.unwrap();
        if catalog == "known" {
            ingest.digest(catalog, &rows(nullable(weir_rollup::digest::schema()))).await.unwrap();
        }
        ingest.commit(&[world.account(catalog)]).await.unwrap();
        assert_eq!(asked().await, records, "each record stands for itself");
    }
    let snapshot = lake.snapshot().await.unwrap();
    let mut refold = lake.refold(&snapshot, "known").await.unwrap();
    refold.write(&rows(nullable(weir_rollup::schema()))).await.unwrap();
    refold.digest(&rows(nullable(weir_rollup::digest::schema()))).await.unwrap();
    refold.commit().await.unwrap();
    assert_eq!(asked().await, 5);
}
