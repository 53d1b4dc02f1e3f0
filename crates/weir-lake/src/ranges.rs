//! [`divided`]: sorted files cut where no entity stands on both sides, so that each part is read, merged and counted by itself.
//!
//! Decisive choice: a merge of files of one ingest reads them one after the other, however many processors there are, since what one holds comes before what
//! the next does. Their footers say so: where row groups follow each other without an entity in common, as those of one fold do, each part becomes
//! a partition of its own, and the plan is told by which entities they are parted. Files of several ingests hold the same entities; those are
//! merged, which keeps all of them busy.

use crate::delta::DataFile;
use crate::reader::FileReader;
use datafusion::common::{ScalarValue, SplitPoint};
use datafusion::error::Result;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use object_store::ObjectStore;
use object_store::path::Path as StorePath;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use std::sync::Arc;

/// Files whose footers are read to see how they can be divided: more are of several ingests.
const FILES_MAX: usize = 16;
/// The least of a part, in bytes.
const PART_BYTES_MIN: u64 = 8 << 20;

/// A part: which of the files, and the range of bytes in which its row groups begin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) file: usize,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// Ranges of files, and the least entity of each but the first.
pub(crate) struct Ranges {
    pub(crate) ranges: Vec<Range>,
    pub(crate) least: Vec<SplitPoint>,
}

/// The kind that all rows asked for are of, if the conditions say so.
pub(crate) fn kind(conditions: &[Expr]) -> Option<&str> {
    conditions.iter().flat_map(split_conjunction).find_map(|condition| match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            match (left.as_ref(), right.as_ref()) {
                (Expr::Column(column), Expr::Literal(ScalarValue::Utf8(Some(kind)), _))
                | (Expr::Literal(ScalarValue::Utf8(Some(kind)), _), Expr::Column(column))
                    if column.name == "kind" =>
                {
                    Some(kind.as_str())
                }
                _ => None,
            }
        }
        _ => None,
    })
}

/// The files in about so many parts, each without an entity of the kind that another has; `None` where they cannot be divided.
pub(crate) async fn divided(
    objects: &Arc<dyn ObjectStore>,
    files: &[(&DataFile, StorePath)],
    kind: &str,
    parts: usize,
) -> Result<Option<Ranges>> {
    if files.is_empty() || files.len() > FILES_MAX {
        return Ok(None);
    }
    let mut groups = Vec::with_capacity(files.len());
    for (nth, (file, path)) in files.iter().enumerate() {
        let mut reader = FileReader::at(Arc::clone(objects), path.clone(), file.size);
        let Some(of_file) = of_kind(&*reader.get_metadata(None).await?, kind, nth) else { return Ok(None) };
        groups.push(of_file);
    }
    let sizes: Vec<u64> = files.iter().map(|(file, _)| file.size).collect();
    Ok(cut(groups, &sizes, parts))
}

/// A row group that may hold entities of the kind asked for.
#[derive(Clone, Debug)]
struct Group {
    file: usize,
    begins: u64,
    bytes: u64,
    /// No entity of it is less or greater.
    least: Vec<u8>,
    greatest: Vec<u8>,
    /// Whether it holds other kinds as well: then where those of this kind begin and end is not known.
    is_mixed: bool,
}

/// Those of a file, in order; `None` where its footer does not tell.
fn of_kind(file: &ParquetMetaData, kind: &str, nth: usize) -> Option<Vec<Group>> {
    let columns = file.file_metadata().schema_descr().columns();
    let place = |name: &str| columns.iter().position(|column| column.path().string() == name);
    let (kinds, entities) = (place("kind")?, place("entity")?);
    let bounds = |group: &RowGroupMetaData, column: usize| {
        let statistics = group.column(column).statistics()?;
        Some((statistics.min_bytes_opt()?.to_vec(), statistics.max_bytes_opt()?.to_vec()))
    };
    let mut groups = Vec::new();
    for group in file.row_groups() {
        let (first, last) = bounds(group, kinds)?;
        if !(first.as_slice()..=last.as_slice()).contains(&kind.as_bytes()) {
            continue;
        }
        let (least, greatest) = bounds(group, entities)?;
        // As a scan has it that is given a range.
        let column = group.columns().first()?;
        let begins = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
        let bytes = u64::try_from(group.compressed_size()).ok()?;
        let (begins, is_mixed) = (u64::try_from(begins).ok()?, first != last);
        groups.push(Group { file: nth, begins, bytes, least, greatest, is_mixed });
    }
    Some(groups)
}

/// Cuts between row groups, those of each file in order.
fn cut(mut files: Vec<Vec<Group>>, sizes: &[u64], parts: usize) -> Option<Ranges> {
    files.retain(|groups| !groups.is_empty());
    files.sort_by(|a, b| a.first().map(|group| &group.least).cmp(&b.first().map(|group| &group.least)));
    let all: u64 = files.iter().flatten().map(|group| group.bytes).sum();
    let enough = (all / parts.max(1) as u64).max(PART_BYTES_MIN);
    let (mut ranges, mut least): (Vec<Range>, Vec<SplitPoint>) = (Vec::new(), Vec::new());
    let (mut before, mut held): (Option<&Group>, u64) = (None, 0);
    for group in files.iter().flatten() {
        let end = sizes.get(group.file).copied()?;
        let is_other = before.is_none_or(|before| before.file != group.file);
        // Within a file entities come in order, so that those of a group with other kinds lie between its neighbours'.
        let is_known = is_other || !(group.is_mixed || before.is_some_and(|before| before.is_mixed));
        let is_apart = is_known && before.is_none_or(|before| before.greatest < group.least);
        if is_other && !is_apart {
            return None;
        }
        if is_other || (is_apart && held >= enough) {
            if let Some(last) = ranges.last_mut() {
                if !is_other {
                    last.to = group.begins;
                }
                let text = String::from_utf8(group.least.clone()).ok()?;
                least.push(SplitPoint::new(vec![ScalarValue::Utf8(Some(text))]));
            }
            ranges.push(Range { file: group.file, from: group.begins, to: end });
            held = 0;
        }
        held += group.bytes;
        before = Some(group);
    }
    (ranges.len() > 1).then_some(Ranges { ranges, least })
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{col, lit};

    fn group(file: usize, begins: u64, least: &str, greatest: &str) -> Group {
        let (least, greatest) = (least.into(), greatest.into());
        Group { file, begins, bytes: PART_BYTES_MIN, least, greatest, is_mixed: false }
    }

    /// File, beginning and end of each range, and the least entity of each but the first.
    type Cut = (Vec<(usize, u64, u64)>, Vec<String>);

    fn ranges(files: Vec<Vec<Group>>, parts: usize) -> Option<Cut> {
        let Ranges { ranges, least } = cut(files, &[100, 200], parts)?;
        let text = |point: &SplitPoint| point.values().first().map(ToString::to_string).unwrap_or_default();
        Some((
            ranges.iter().map(|range| (range.file, range.from, range.to)).collect(),
            least.iter().map(text).collect(),
        ))
    }

    #[test]
    fn files_are_cut_where_no_entity_stands_on_both_sides() {
        let first = vec![group(0, 0, "a", "c"), group(0, 40, "c", "e"), group(0, 70, "f", "h")];
        let second = vec![group(1, 0, "i", "k"), group(1, 90, "l", "l")];
        let expected = (
            vec![(0, 0, 70), (0, 70, 100), (1, 0, 90), (1, 90, 200)],
            ["f", "i", "l"].map(str::to_owned).to_vec(),
        );
        assert_eq!(ranges(vec![first.clone(), second.clone()], 9), Some(expected.clone()));
        assert_eq!(
            ranges(vec![second.clone(), first.clone()], 9),
            Some(expected),
            "in whichever order they come"
        );
        let coarse = (vec![(0, 0, 70), (0, 70, 100), (1, 0, 200)], ["f", "i"].map(str::to_owned).to_vec());
        assert_eq!(ranges(vec![first.clone(), second], 3), Some(coarse));
        let overlaps = vec![group(1, 0, "g", "k")];
        assert_eq!(ranges(vec![first.clone(), overlaps], 9), None, "files of two ingests");
        assert_eq!(ranges(vec![first.get(..2).unwrap_or_default().to_vec()], 9), None, "c is in both");
        assert_eq!(ranges(vec![], 9), None);
        let mixed = |group: Group| Group { is_mixed: true, ..group };
        let with_others = vec![
            mixed(group(0, 0, "b", "z")),
            group(0, 40, "c", "e"),
            group(0, 70, "f", "h"),
            mixed(group(0, 90, "/", "y")),
        ];
        let cut = (vec![(0, 0, 70), (0, 70, 100)], vec!["f".to_owned()]);
        assert_eq!(ranges(vec![with_others], 9), Some(cut), "other kinds stand in the first and the last");
    }

    #[test]
    fn one_kind_is_told_from_many() {
        assert_eq!(kind(&[col("kind").eq(lit("origin"))]), Some("origin"));
        assert_eq!(kind(&[col("day").gt(lit(3)).and(lit("origin").eq(col("kind")))]), Some("origin"));
        assert_eq!(kind(&[col("kind").not_eq(lit("origin")), col("entity").eq(lit("origin"))]), None);
        assert_eq!(kind(&[col("kind").eq(lit("origin")).or(col("kind").eq(lit("actor")))]), None);
    }
}
