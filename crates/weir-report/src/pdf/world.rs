//! What Typst may see while it sets a report: the template's files, the report's data, the embedded fonts. Nothing else.
//!
//! Decisive choice: the world is a map of names to bytes that was filled before. So a template, be it somebody's own, reads no
//! disk, fetches no package and knows no clock.

use super::fonts;
use std::collections::BTreeMap;
use typst::{
    Library, LibraryExt, World,
    diag::{FileError, FileResult},
    foundations::{Bytes, Datetime, Duration},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};

/// A report about to be set.
pub(super) struct Desk {
    library: LazyHash<Library>,
    main: FileId,
    files: BTreeMap<String, Bytes>,
}

impl Desk {
    /// From the files by their path within the template, `main` among them.
    pub fn new(files: BTreeMap<String, Bytes>, main: &str) -> FileResult<Self> {
        let path = VirtualPath::new(main).map_err(|e| FileError::Other(Some(e.to_string().into())))?;
        let main = RootedPath::new(VirtualRoot::Project, path).intern();
        Ok(Self { library: LazyHash::new(Library::default()), main, files })
    }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        fonts::book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let bytes = self.file(id)?;
        let text = std::str::from_utf8(&bytes).map_err(FileError::from)?;
        Ok(Source::new(id, text.to_owned()))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let name = id.vpath().get_without_slash();
        let own = matches!(id.root(), VirtualRoot::Project);
        let found = own.then(|| self.files.get(name)).flatten();
        found.cloned().ok_or_else(|| FileError::NotFound(name.into()))
    }

    fn font(&self, index: usize) -> Option<Font> {
        fonts::font(index)
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
