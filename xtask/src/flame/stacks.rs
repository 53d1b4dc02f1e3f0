//! What `perf script` prints, folded into a tree of calls.

use std::collections::BTreeMap;

/// Calls and what they call, with the number of samples in each.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Call {
    pub samples: u64,
    pub calls: BTreeMap<String, Call>,
}

/// All samples.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stacks(pub Call);

/// What only passes calls on: a runtime's frames hide what it runs. Names that begin with one are left out.
const PASSING: [&str; 24] = [
    "mut I as core::",
    "std::sys::",
    "std::thread::",
    "std::panic",
    "std::rt::",
    "core::ops::function::",
    "core::iter::",
    "core::future::",
    "core::result::",
    "core::option::",
    "alloc::boxed::",
    "alloc::vec::",
    "tokio::",
    "futures",
    "[unknown]",
    "start_thread",
    "clone3",
    "__libc_start",
    "_start",
    "main",
    "entry_SYSCALL",
    "do_syscall",
    "asm_",
    "__x64_",
];

impl Stacks {
    /// The tree of a text in which each sample is a line with its thread's name, lines of address and name from the innermost call
    /// outwards, and an empty line.
    pub fn of(text: &str) -> Self {
        let mut all = Call::default();
        for sample in text.split("\n\n") {
            let frames = sample.lines().filter(|line| line.starts_with(char::is_whitespace));
            let mut names: Vec<String> = frames
                .filter_map(|line| line.trim_start().split_once(' '))
                .map(|(_, name)| tidy(name.trim()))
                .filter(|name| {
                    !PASSING.iter().any(|start| name.trim_start_matches(['<', '&']).starts_with(start))
                })
                .collect();
            names.reverse();
            names.dedup();
            if !names.is_empty() {
                all.add(&names);
            }
        }
        Self(all)
    }

    /// How many samples there are.
    pub fn samples(&self) -> u64 {
        self.0.samples
    }
}

impl Call {
    fn add(&mut self, names: &[String]) {
        self.samples += 1;
        if let [first, rest @ ..] = names {
            self.calls.entry(first.clone()).or_default().add(rest);
        }
    }

    /// How deep the calls go that have at least so many samples.
    pub fn depth(&self, samples_min: u64) -> usize {
        let deep = self.calls.values().filter(|call| call.samples >= samples_min);
        deep.map(|call| 1 + call.depth(samples_min)).max().unwrap_or(0)
    }
}

/// A name as a person would say it: no hash, no closures, no type arguments, no path.
fn tidy(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    let name = match name.rsplit_once("::h") {
        Some((start, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => start,
        _ => name,
    };
    let mut told = String::new();
    let mut depth = 0_usize;
    // The brackets of `<T as Trait>::call` stand at the beginning and stay; those of arguments go, with what is in them.
    let whole = name.strip_prefix('<');
    if whole.is_some() {
        told.push('<');
    }
    let mut open = usize::from(whole.is_some());
    for letter in whole.unwrap_or(name).chars() {
        match letter {
            '<' => depth += 1,
            '>' if depth > 0 && !told.ends_with('-') => depth -= 1,
            '>' if open > 0 => {
                open -= 1;
                told.push('>');
            }
            _ if depth == 0 => told.push(letter),
            _ => {}
        }
    }
    told.replace("::{{closure}}", "").replace("{{vtable.shim}}", "").replace("::::", "::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_one_call_lie_together_without_the_runtime() {
        let text = "weir \n\t  10 memcpy\n\t  20 weir_rollup::fold::Fold::access::{{closure}}\n\t  30 weir_rollup::fold::Fold::access\n\
                    \t  40 tokio::runtime::Runtime::run\n\t  50 start_thread\n\n\
                    weir \n\t  11 weir_rollup::fold::Fold::access\n\t  40 tokio::runtime::Runtime::run\n\n\
                    weir \n\t  12 [unknown]\n\n";
        let stacks = Stacks::of(text);
        assert_eq!(stacks.samples(), 2);
        let access = &stacks.0.calls["weir_rollup::fold::Fold::access"];
        assert_eq!((stacks.0.calls.len(), access.samples), (1, 2));
        assert_eq!((access.calls.len(), access.calls["memcpy"].samples), (1, 1));
        assert_eq!((stacks.0.depth(1), stacks.0.depth(2)), (2, 1));
    }

    #[test]
    fn names_have_no_hash_and_no_path() {
        assert_eq!(tidy("weir_engine::fold::fold::h0123456789abcdef"), "weir_engine::fold::fold");
        assert_eq!(tidy("/home/me/.cargo/registry/libx.so"), "libx.so");
        assert_eq!(
            tidy("<weir_sources::Combined as weir_sources::source::Parser>::record"),
            "<weir_sources::Combined as weir_sources::source::Parser>::record"
        );
        assert_eq!(
            tidy("parquet::GenericColumnWriter<E>::write_mini_batch"),
            "parquet::GenericColumnWriter::write_mini_batch"
        );
        assert_eq!(
            tidy("<core::option::Option<&str> as weir_model::Put>::put"),
            "<core::option::Option as weir_model::Put>::put"
        );
    }
}
