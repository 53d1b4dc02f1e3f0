//! Rows of all tables, gathered into batches.
//!
//! Decisive choice: what is the same for every row of a file is written once, when a batch is taken, and not by each source.

use super::build::nulls;
use super::{
    Access, AccessColumns, Auth, AuthColumns, Common, CommonBuilder, FileTag, Flow, FlowColumns, Host,
    HostColumns, Table,
};
use crate::{Micros, ModelError, TimeBasis};
use arrow_array::{
    Array, ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::DataType;
use std::sync::Arc;

/// Builds the batch of one table.
#[derive(Default)]
struct TableBuilder<C> {
    times: Vec<i64>,
    bases: Vec<TimeBasis>,
    common: CommonBuilder,
    own: C,
    same: Same,
}

/// Columns of one text throughout, as the last batch had them: the next has the same ones.
#[derive(Default)]
struct Same(Vec<StringArray>);

impl Same {
    /// The column of so many rows that all have this text.
    fn column(&mut self, text: &str, rows: usize) -> ArrayRef {
        let known = |column: &StringArray| column.len() >= rows && column.value(0) == text;
        if let Some(column) = self.0.iter().find(|column| known(column)) {
            return Arc::new(column.slice(0, rows));
        }
        let column = StringArray::from_iter_values(std::iter::repeat_n(text, rows));
        self.0.retain(|column| column.value(0) != text);
        self.0.push(column.clone());
        Arc::new(column)
    }
}

impl<C> TableBuilder<C> {
    fn rows(&self) -> usize {
        self.times.len()
    }

    /// Adds what all tables have of a row; the row's number.
    fn push(&mut self, at: (Micros, TimeBasis), common: &Common<'_>) -> usize {
        let place = self.times.len();
        self.times.push(at.0.0);
        self.bases.push(at.1);
        self.common.push(place, common);
        place
    }

    fn finish(
        &mut self,
        table: Table,
        tag: &FileTag,
        own: impl FnOnce(&mut C, usize) -> Vec<ArrayRef>,
    ) -> Result<Option<RecordBatch>, ModelError> {
        let rows = self.times.len();
        if rows == 0 {
            return Ok(None);
        }
        // The next batch is as large.
        let times = std::mem::replace(&mut self.times, Vec::with_capacity(rows));
        let days: Date32Array = times.iter().map(|time| Micros(*time).day()).collect::<Vec<_>>().into();
        let bases = match self.bases.split_first() {
            Some((first, rest)) if rest.iter().all(|basis| basis == first) => {
                self.same.column(first.as_str(), rows)
            }
            _ => Arc::new(StringArray::from_iter_values(self.bases.iter().map(|basis| basis.as_str()))),
        };
        self.bases.clear();
        let times = TimestampMicrosecondArray::from(times).with_timezone("UTC");
        let mut columns: Vec<ArrayRef> = vec![Arc::new(times), Arc::new(days), bases];
        columns.extend(self.common.finish(rows));
        columns.extend(own(&mut self.own, rows));
        let number = |n: i64| -> ArrayRef { Arc::new(Int64Array::from_value(n, rows)) };
        columns.push(nulls(&DataType::Int64, rows));
        columns.extend([&tag.source, &tag.sensor].map(|text| self.same.column(text, rows)));
        columns.extend([number(tag.ingest), number(tag.file)]);
        RecordBatch::try_new(table.schema(), columns)
            .map(Some)
            .map_err(|e| ModelError::Batch { table: table.name(), message: e.to_string() })
    }
}

/// Collects rows of all four tables; a source pushes, the reader takes batches.
#[derive(Default)]
pub struct Records {
    access: TableBuilder<AccessColumns>,
    auth: TableBuilder<AuthColumns>,
    flow: TableBuilder<FlowColumns>,
    host: TableBuilder<HostColumns>,
    first: Option<Micros>,
    last: Option<Micros>,
}

impl Records {
    fn saw(&mut self, at: Micros) {
        self.first = Some(self.first.map_or(at, |f| f.min(at)));
        self.last = Some(self.last.map_or(at, |l| l.max(at)));
    }

    /// Adds a row to `access`.
    pub fn access(&mut self, at: (Micros, TimeBasis), common: &Common<'_>, row: &Access<'_>) {
        self.saw(at.0);
        let place = self.access.push(at, common);
        self.access.own.push(place, row);
    }

    /// Adds a row to `auth`.
    pub fn auth(&mut self, at: (Micros, TimeBasis), common: &Common<'_>, row: &Auth<'_>) {
        self.saw(at.0);
        let place = self.auth.push(at, common);
        self.auth.own.push(place, row);
    }

    /// Adds a row to `flow`.
    pub fn flow(&mut self, at: (Micros, TimeBasis), common: &Common<'_>, row: &Flow<'_>) {
        self.saw(at.0);
        let place = self.flow.push(at, common);
        self.flow.own.push(place, row);
    }

    /// Adds a row to `host`.
    pub fn host(&mut self, at: (Micros, TimeBasis), common: &Common<'_>, row: &Host<'_>) {
        self.saw(at.0);
        let place = self.host.push(at, common);
        self.host.own.push(place, row);
    }

    /// Rows collected and not yet taken.
    pub fn rows(&self) -> usize {
        self.access.rows() + self.auth.rows() + self.flow.rows() + self.host.rows()
    }

    /// First and last instant pushed so far, over all batches taken.
    pub fn seen(&self) -> Option<(Micros, Micros)> {
        self.first.zip(self.last)
    }

    /// Takes what was collected as one batch per table that has rows, tagged with its file.
    pub fn take(&mut self, tag: &FileTag) -> Result<Vec<(Table, RecordBatch)>, ModelError> {
        let batches = [
            (Table::Access, self.access.finish(Table::Access, tag, AccessColumns::finish)?),
            (Table::Auth, self.auth.finish(Table::Auth, tag, AuthColumns::finish)?),
            (Table::Flow, self.flow.finish(Table::Flow, tag, FlowColumns::finish)?),
            (Table::Host, self.host.finish(Table::Host, tag, HostColumns::finish)?),
        ];
        Ok(batches.into_iter().filter_map(|(t, b)| Some((t, b?))).collect())
    }
}
