//! What is written is what Parquet's own reader reads, and its statistics are true.

use crate::{Packer, Writer};
use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{BoundaryOrder, Encoding};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnPath;
use proptest::prelude::*;
use std::sync::Arc;

fn properties(rows: usize) -> WriterProperties {
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(rows))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_dictionary_enabled(ColumnPath::from("time"), false)
        .set_column_encoding(ColumnPath::from("time"), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(ColumnPath::from("line"), false)
        .set_column_encoding(ColumnPath::from("line"), Encoding::DELTA_BINARY_PACKED)
        .set_column_statistics_enabled(ColumnPath::from("line"), EnabledStatistics::Page)
        .set_column_dictionary_enabled(ColumnPath::from("port"), false)
        .set_column_encoding(ColumnPath::from("port"), Encoding::DELTA_BINARY_PACKED)
        .set_column_statistics_enabled(ColumnPath::from("path"), EnabledStatistics::None)
        .build()
}

fn written(batches: &[RecordBatch], schema: &SchemaRef, rows: usize) -> Vec<u8> {
    let mut packer = Packer::new(3);
    let mut writer = Writer::new(Arc::clone(schema), properties(rows), &packer).unwrap();
    let mut file = Vec::new();
    for batch in batches {
        writer.write(batch, &mut packer).unwrap();
        file.extend(writer.take().unwrap());
        assert!(writer.size() >= file.len());
    }
    writer.finish(&mut packer).unwrap();
    file.extend(writer.take().unwrap());
    file
}

fn read(file: Vec<u8>) -> Vec<RecordBatch> {
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap().with_batch_size(1 << 20);
    reader.build().unwrap().collect::<Result<_, _>>().unwrap()
}

/// Rows of both, one by one, whatever batches they come in.
fn assert_same(schema: &SchemaRef, ours: &[RecordBatch], read: &[RecordBatch]) {
    for column in 0..schema.fields().len() {
        let rows = |batches: &[RecordBatch]| -> Vec<ArrayRef> {
            let of = |b: &RecordBatch| {
                (0..b.num_rows()).map(|row| b.column(column).slice(row, 1)).collect::<Vec<_>>()
            };
            batches.iter().flat_map(of).collect()
        };
        let (ours, read) = (rows(ours), rows(read));
        assert_eq!(ours.len(), read.len());
        for (row, (ours, read)) in ours.iter().zip(&read).enumerate() {
            assert_eq!(ours, read, "row {row} of {}", schema.field(column).name());
        }
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("time", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        Field::new("path", DataType::Utf8, true),
        Field::new("client", DataType::Utf8, false),
        Field::new("people", DataType::new_list(DataType::Int64, true), true),
        Field::new("status", DataType::Int32, true),
        Field::new("bytes", DataType::Int64, true),
        Field::new("shown", DataType::Boolean, true),
        Field::new("sketch", DataType::Binary, true),
        Field::new("line", DataType::Int64, true),
        Field::new("port", DataType::Int32, true),
    ]))
}

/// A batch whose columns have so many distinct values at most, and nulls in one row of so many (0 for none, 1 for all).
fn batch(rows: usize, distinct: usize, null_in: usize, seed: usize) -> RecordBatch {
    let number = |row: usize| {
        let n = (row + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        n % distinct.max(1)
    };
    let some = |row: usize| null_in == 0 || number(row) % null_in != 0;
    // By small steps, but for a leap from the least number to the greatest.
    let far = |row: usize| match row % 300 {
        7 => i64::MIN,
        8 => i64::MAX,
        _ => (row * 3) as i64 - 9,
    };
    let text = |row: usize| "/members/".repeat(number(row) % 5) + &number(row).to_string();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(
            TimestampMicrosecondArray::from_iter_values((0..rows).map(|row| row as i64)).with_timezone("UTC"),
        ),
        Arc::new((0..rows).map(|row| some(row).then(|| text(row))).collect::<StringArray>()),
        Arc::new(StringArray::from_iter_values((0..rows).map(text))),
        {
            let mut lists = ListBuilder::new(Int64Builder::new());
            (0..rows).for_each(|row| {
                (0..number(row) % 3).for_each(|n| lists.values().append_value(n as i64));
                lists.append(some(row));
            });
            Arc::new(lists.finish())
        },
        Arc::new((0..rows).map(|row| some(row).then(|| number(row) as i32 - 7)).collect::<Int32Array>()),
        Arc::new((0..rows).map(|row| some(row).then(|| 7 - number(row) as i64)).collect::<Int64Array>()),
        Arc::new((0..rows).map(|row| some(row).then_some(row % 2 == 0)).collect::<BooleanArray>()),
        Arc::new((0..rows).map(|row| some(row).then(|| vec![row as u8; row % 9])).collect::<BinaryArray>()),
        Arc::new((0..rows).map(|row| some(row).then(|| far(row))).collect::<Int64Array>()),
        Arc::new((0..rows).map(|row| some(row).then(|| far(row) as i32)).collect::<Int32Array>()),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_written_is_read(
        parts in proptest::collection::vec((1_usize..4_000, 1_usize..3_000, 0_usize..4, 0_usize..1_000), 1..5),
        group in 500_usize..9_000,
    ) {
        let batches: Vec<RecordBatch> =
            parts.into_iter().map(|(rows, distinct, null_in, seed)| batch(rows, distinct, null_in, seed)).collect();
        assert_same(&schema(), &batches, &read(written(&batches, &schema(), group)));
    }
}

#[test]
fn a_column_that_stops_repeating_is_read_whole() {
    let few = batch(30_000, 5, 0, 1);
    let many = batch(50_000, 1 << 30, 3, 2);
    for batches in [vec![few.clone(), many.clone(), few.clone()], vec![many.clone(), few], vec![many]] {
        assert_same(&schema(), &batches, &read(written(&batches, &schema(), 122_880)));
    }
}

#[test]
fn a_column_of_nulls_has_no_dictionary_until_there_is_a_value() {
    let (nulls, some) = (batch(45_000, 5, 1, 1), batch(25_000, 5, 0, 2));
    for batches in [vec![nulls.clone()], vec![nulls.clone(), some.clone(), nulls.clone()], vec![some, nulls]]
    {
        let file = written(&batches, &schema(), 122_880);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file.clone())).unwrap();
        let status = reader.metadata().row_group(0).column(4);
        assert_eq!(status.dictionary_page_offset().is_some(), batches.len() > 1);
        assert_same(&schema(), &batches, &read(file));
    }
}

#[test]
fn values_that_are_alike_are_told_from_those_that_nearly_are() {
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("client", DataType::Utf8, true)]));
    let columns: [&[&str]; 7] = [
        &["ab"; 9],
        &["", "", ""],
        &["ab", "ab", "aba"],
        &["ab", "ba", "ab"],
        &["aa", "a", "a"],
        &["a"],
        &["a", "", ""],
    ];
    for texts in columns {
        let whole =
            RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(StringArray::from(texts.to_vec()))])
                .unwrap();
        for from in 0..texts.len() {
            let batches = [whole.clone(), whole.slice(from, texts.len() - from)];
            assert_same(&schema, &batches, &read(written(&batches, &schema, 1_000)));
        }
    }
}

#[test]
fn a_large_dictionary_is_given_up_and_large_pages_end() {
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("client", DataType::Utf8, true)]));
    let texts = (0..40_000).map(|row| Some(format!("{:0>100}", row % 20_001)));
    let long = (0..30).map(|row| Some("x".repeat(300_000 + row)));
    let column: ArrayRef = Arc::new(texts.chain(long).chain([None]).collect::<StringArray>());
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column]).unwrap();
    let batches = vec![batch.clone(), batch];
    assert_same(&schema, &batches, &read(written(&batches, &schema, 122_880)));
}

#[test]
fn statistics_are_those_of_the_values() {
    let batches = [batch(25_000, 1_000, 4, 1), batch(45_000, 1 << 20, 0, 9)];
    let file = written(&batches, &schema(), 122_880);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap();
    let [group] = reader.metadata().row_groups() else { panic!("one row group") };
    let of = |name: &str| {
        let column = group.columns().iter().find(|c| c.column_path().string() == name).unwrap();
        column.statistics().cloned()
    };
    let bytes = || {
        batches
            .iter()
            .flat_map(|b| b.column(5).as_any().downcast_ref::<Int64Array>().unwrap().iter().flatten())
    };
    let Some(Statistics::Int64(numbers)) = of("bytes") else { panic!("there are some") };
    assert_eq!((numbers.min_opt().copied(), numbers.max_opt().copied()), (bytes().min(), bytes().max()));
    let nulls: usize = batches.iter().map(|b| b.column(5).null_count()).sum();
    assert_eq!(numbers.null_count_opt(), Some(nulls as u64));
    let clients = || {
        batches
            .iter()
            .flat_map(|b| b.column(2).as_any().downcast_ref::<StringArray>().unwrap().iter().flatten())
    };
    let Some(Statistics::ByteArray(texts)) = of("client") else { panic!("there are some") };
    assert_eq!(texts.min_bytes_opt(), clients().min().map(str::as_bytes));
    assert_eq!(texts.max_bytes_opt(), clients().max().map(str::as_bytes));
    assert!(of("path").is_none(), "none were wanted");
    let ports = || {
        batches
            .iter()
            .flat_map(|b| b.column(9).as_any().downcast_ref::<Int32Array>().unwrap().iter().flatten())
    };
    let Some(Statistics::Int32(numbers)) = of("port") else { panic!("there are some") };
    assert_eq!((numbers.min_opt().copied(), numbers.max_opt().copied()), (ports().min(), ports().max()));
    assert_eq!(numbers.null_count_opt(), Some(nulls as u64));
    let Some(Statistics::Int64(lines)) = of("line") else { panic!("there are some") };
    assert_eq!((lines.min_opt().copied(), lines.max_opt().copied()), (Some(i64::MIN), Some(i64::MAX)));
}

#[test]
fn pages_of_rising_numbers_say_what_lies_in_them() {
    let schema: SchemaRef = Arc::new(Schema::new(vec![Field::new("line", DataType::Int64, true)]));
    // A page that rises, one of nulls, one that rises further.
    let line = |row: i64| (!(20_000..40_000).contains(&row)).then_some(row - 5);
    let column: ArrayRef = Arc::new((0..50_000).map(line).collect::<Int64Array>());
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column]).unwrap();
    let file = written(&[batch.slice(0, 30_000), batch.slice(30_000, 20_000)], &schema, 122_880);
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let reader =
        ParquetRecordBatchReaderBuilder::try_new_with_options(bytes::Bytes::from(file.clone()), options)
            .unwrap();
    let index = &reader.metadata().column_index().unwrap()[0][0];
    let ColumnIndexMetaData::INT64(pages) = index else { panic!("there is one") };
    assert_eq!(index.get_boundary_order(), Some(BoundaryOrder::ASCENDING));
    let of = |page: usize| {
        (pages.min_value(page).copied(), pages.max_value(page).copied(), pages.null_count(page))
    };
    assert_eq!(of(0), (Some(-5), Some(19_994), Some(0)));
    assert_eq!(of(1), (None, None, Some(20_000)));
    assert_eq!(of(2), (Some(39_995), Some(49_994), Some(0)));
    let offsets = &reader.metadata().offset_index().unwrap()[0][0];
    let begins: Vec<i64> = offsets.page_locations().iter().map(|page| page.first_row_index).collect();
    assert_eq!(begins, [0, 20_000, 40_000]);
    assert_same(&schema, &[batch], &read(file));
}

#[test]
fn a_batch_of_another_schema_is_refused() {
    let mut packer = Packer::new(3);
    let mut writer = Writer::new(schema(), properties(1_000), &packer).unwrap();
    let whole = batch(10, 3, 0, 0);
    assert!(writer.write(&whole.project(&[0, 1]).unwrap(), &mut packer).is_err());
    let columns = [0, 2, 1, 3, 5, 4, 6, 7, 8, 9];
    assert!(writer.write(&whole.project(&columns).unwrap(), &mut packer).is_err());
    assert!(Writer::new(schema(), properties(1_000), &Packer::new(99)).is_err(), "there is no such level");
}

#[test]
fn a_batch_stays_in_one_row_group_where_it_fits() {
    let batches = [batch(40, 9, 0, 1), batch(40, 9, 0, 2), batch(40, 9, 0, 3), batch(250, 9, 0, 4)];
    let file = written(&batches, &schema(), 100);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file.clone())).unwrap();
    let rows: Vec<i64> = reader.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
    assert_eq!(rows, [80, 100, 100, 90]);
    assert_same(&schema(), &batches, &read(file));
}

#[test]
fn columns_of_codes_and_columns_without_values_are_told() {
    let told = |batches: &[RecordBatch]| {
        let mut packer = Packer::new(3);
        let mut writer = Writer::new(schema(), properties(50_000), &packer).unwrap();
        batches.iter().for_each(|batch| writer.write(batch, &mut packer).unwrap());
        writer.finish(&mut packer).unwrap()
    };
    let of = |told: &[(&str, u64)]| told.iter().map(|(name, nulls)| ((*name).to_owned(), *nulls)).collect();
    let (few, many, none) = (batch(30_000, 9, 0, 1), batch(30_000, 1 << 30, 0, 1), batch(30_000, 9, 1, 1));
    assert_eq!(told(std::slice::from_ref(&few)), of(&[("path", 0), ("client", 0)]));
    // Two row groups, in one of which values stand for themselves.
    assert_eq!(told(&[few.clone(), many.clone()]), of(&[]));
    let empty =
        ["path", "people", "status", "bytes", "shown", "sketch", "line", "port"].map(|name| (name, 30_000));
    let without: Vec<(&str, u64)> = empty.into_iter().chain([("client", 0)]).collect();
    // What has no value has no element either: those lists are null.
    assert_eq!(told(std::slice::from_ref(&none)), of(&without));
    assert_eq!(told(&[none, few]), of(&[("path", 30_000), ("client", 0)]));
}
