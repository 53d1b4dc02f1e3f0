//! The Merkle tree of RFC 6962, for originals and for the log alike.
//!
//! Decisive choice: a tree is never held. [`Builder`] takes leaves in order, keeps the roots of the full subtrees on its right edge, and
//! sets aside, as subtrees are joined, just those nodes that prove the leaves somebody wants. So memory is logarithmic in the file.
//!
//! A leaf's hash is `SHA-256(0x00 ‖ data)`, an inner node's `SHA-256(0x01 ‖ left ‖ right)`, the empty tree's root `SHA-256()`.

use crate::Digest;
use sha2::{Digest as _, Sha256};
use std::ops::Range;

/// The hash of a leaf that holds `data`.
pub fn leaf(data: &[u8]) -> Digest {
    Digest(Sha256::new().chain_update([0]).chain_update(data).finalize().into())
}

/// The hash of an inner node.
pub fn node(left: &Digest, right: &Digest) -> Digest {
    Digest(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// How many leaves the left subtree of a tree of `size` leaves has: the largest power of two below `size`.
fn split(size: u64) -> u64 {
    1 << (63 - (size.max(2) - 1).leading_zeros())
}

/// A full subtree over some leaves.
struct Subtree {
    leaves: Range<u64>,
    hash: Digest,
}

/// A run of consecutive wanted leaves with the nodes that prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The leaves, counted from 0.
    pub leaves: Range<u64>,
    /// The roots of the largest subtrees beside the run, left to right, as [`range_root`] wants them.
    pub nodes: Vec<Digest>,
}

/// Takes leaves in order and gives the root, and proofs of the runs of leaves that were marked as wanted.
#[derive(Default)]
pub struct Builder {
    size: u64,
    edge: Vec<Subtree>,
    runs: Vec<Range<u64>>,
    /// Of each run: nodes beside it with the leaf they begin at.
    beside: Vec<Vec<(u64, Digest)>>,
}

impl Builder {
    /// Adds a leaf by its hash. Wanted leaves that follow each other make one run.
    pub fn push(&mut self, leaf: Digest, wanted: bool) {
        let at = self.size;
        self.size += 1;
        if wanted {
            match self.runs.last_mut() {
                Some(run) if run.end == at => run.end = at + 1,
                _ => {
                    self.runs.push(at..at + 1);
                    self.beside.push(Vec::new());
                }
            }
        }
        self.edge.push(Subtree { leaves: at..at + 1, hash: leaf });
        // As many joins as the new size has trailing zero bits: as in adding one to a binary number.
        for _ in 0..self.size.trailing_zeros() {
            self.join();
        }
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root, and the runs with their proofs.
    pub fn finish(mut self) -> (Digest, Vec<Run>) {
        while self.edge.len() > 1 {
            self.join();
        }
        let root = self.edge.pop().map_or_else(|| Digest::of(b""), |whole| whole.hash);
        let nodes = self.beside.into_iter().map(|mut beside| {
            beside.sort_unstable();
            beside.into_iter().map(|(_, hash)| hash).collect()
        });
        let runs = self.runs.into_iter().zip(nodes).map(|(leaves, nodes)| Run { leaves, nodes }).collect();
        (root, runs)
    }

    /// Joins the two rightmost subtrees. Where a run touches only one of them, the other is a node of its proof.
    fn join(&mut self) {
        let (Some(right), Some(left)) = (self.edge.pop(), self.edge.pop()) else { return };
        let first = self.runs.partition_point(|run| run.end <= left.leaves.start);
        let touches =
            |run: &Range<u64>, tree: &Subtree| run.start < tree.leaves.end && tree.leaves.start < run.end;
        for (run, beside) in self.runs.iter().zip(&mut self.beside).skip(first) {
            if run.start >= right.leaves.end {
                break;
            }
            match (touches(run, &left), touches(run, &right)) {
                (true, false) => beside.push((right.leaves.start, right.hash)),
                (false, true) => beside.push((left.leaves.start, left.hash)),
                _ => {}
            }
        }
        let hash = node(&left.hash, &right.hash);
        self.edge.push(Subtree { leaves: left.leaves.start..right.leaves.end, hash });
    }
}

/// The root of a tree of `size` leaves in which `leaves` stand from `first` on, the rest of it being `nodes`, left to right.
///
/// `None` where the numbers do not fit together: no leaves, leaves beyond the end, too few or too many nodes.
pub fn range_root(size: u64, first: u64, leaves: &[Digest], nodes: &[Digest]) -> Option<Digest> {
    let end = first.checked_add(leaves.len() as u64).filter(|end| *end <= size && *end > first)?;
    let mut rest = (leaves.iter(), nodes.iter());
    let root = subroot(0..size, &(first..end), &mut rest)?;
    rest.1.next().is_none().then_some(root)
}

type Rest<'a> = (std::slice::Iter<'a, Digest>, std::slice::Iter<'a, Digest>);

fn subroot(tree: Range<u64>, run: &Range<u64>, rest: &mut Rest<'_>) -> Option<Digest> {
    if run.end <= tree.start || tree.end <= run.start {
        return rest.1.next().copied();
    }
    let size = tree.end - tree.start;
    if size == 1 {
        return rest.0.next().copied();
    }
    let middle = tree.start + split(size);
    let left = subroot(tree.start..middle, run, rest)?;
    Some(node(&left, &subroot(middle..tree.end, run, rest)?))
}

/// The audit path of RFC 6962, section 2.1.1, from the leaf up; `root_of` gives the root over a range of leaves.
pub(crate) fn inclusion<E>(
    index: u64,
    size: u64,
    root_of: &mut impl FnMut(Range<u64>) -> Result<Digest, E>,
) -> Result<Vec<Digest>, E> {
    let (mut tree, mut path) = (0..size, Vec::new());
    while tree.end - tree.start > 1 {
        let middle = tree.start + split(tree.end - tree.start);
        if index < middle {
            path.push(root_of(middle..tree.end)?);
            tree.end = middle;
        } else {
            path.push(root_of(tree.start..middle)?);
            tree.start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The root that an audit path leads to (RFC 9162, section 2.1.3.2); `None` where its length does not fit.
pub fn inclusion_root(index: u64, size: u64, leaf: Digest, path: &[Digest]) -> Option<Digest> {
    let (mut at, mut last) = (index, size.checked_sub(1).filter(|last| index <= *last)?);
    let mut hash = leaf;
    for beside in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node(beside, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// The consistency proof of RFC 6962, section 2.1.2, between the first `old` leaves and all `size`.
pub(crate) fn consistency<E>(
    old: u64,
    size: u64,
    root_of: &mut impl FnMut(Range<u64>) -> Result<Digest, E>,
) -> Result<Vec<Digest>, E> {
    let (mut tree, mut path, mut whole) = (0..size, Vec::new(), true);
    if old == 0 || old >= size {
        return Ok(path);
    }
    while old != tree.end {
        let middle = tree.start + split(tree.end - tree.start);
        if old <= middle {
            path.push(root_of(middle..tree.end)?);
            tree.end = middle;
        } else {
            path.push(root_of(tree.start..middle)?);
            tree.start = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(root_of(tree)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether a tree of `size` leaves begins with the tree of `old` leaves (RFC 9162, section 2.1.4.2).
pub fn is_consistent(old: u64, old_root: &Digest, size: u64, root: &Digest, path: &[Digest]) -> bool {
    if old == size {
        return old_root == root && path.is_empty();
    }
    if old == 0 || old > size {
        return old == 0 && path.is_empty() && *old_root == Digest::of(b"");
    }
    let mut path = path.iter();
    let (mut at, mut last) = (old - 1, size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    // An old tree that is one full subtree stands for itself.
    let begins = if old.is_power_of_two() { Some(old_root) } else { path.next() };
    let Some(begins) = begins else { return false };
    let (mut was, mut is) = (*begins, *begins);
    for beside in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            was = node(beside, &was);
            is = node(beside, &is);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            is = node(&is, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && was == *old_root && is == *root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    /// The definition of RFC 6962, word for word.
    fn naive(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::of(b""),
            [one] => *one,
            _ => {
                let k = (1..leaves.len()).rev().find(|k| k.is_power_of_two()).unwrap();
                node(&naive(&leaves[..k]), &naive(&leaves[k..]))
            }
        }
    }

    fn leaves(n: usize) -> Vec<Digest> {
        (0..n).map(|i| leaf(&i.to_le_bytes())).collect()
    }

    fn root_of(leaves: &[Digest]) -> impl FnMut(Range<u64>) -> Result<Digest, Infallible> {
        |range| Ok(naive(&leaves[range.start as usize..range.end as usize]))
    }

    proptest! {
        #[test]
        fn each_run_of_a_streamed_tree_is_proven(wanted in proptest::collection::vec(any::<bool>(), 0..200)) {
            let all = leaves(wanted.len());
            let mut builder = Builder::default();
            all.iter().zip(&wanted).for_each(|(leaf, wanted)| builder.push(*leaf, *wanted));
            let (root, runs) = builder.finish();
            prop_assert_eq!(root, naive(&all));
            prop_assert_eq!(runs.iter().map(|r| r.leaves.end - r.leaves.start).sum::<u64>(), wanted.iter().filter(|w| **w).count() as u64);
            let size = all.len() as u64;
            for run in runs {
                let shown = &all[run.leaves.start as usize..run.leaves.end as usize];
                let first = run.leaves.start;
                prop_assert_eq!(range_root(size, first, shown, &run.nodes), Some(root));
                // Another place, a leaf less, another leaf, a node more or less: another root or none.
                prop_assert_ne!(range_root(size, first + 1, shown, &run.nodes), Some(root));
                prop_assert_ne!(range_root(size, first, &shown[1..], &run.nodes), Some(root));
                let mut other = shown.to_vec();
                other[0] = leaf(b"other");
                prop_assert_ne!(range_root(size, first, &other, &run.nodes), Some(root));
                let more = [&run.nodes[..], &[root]].concat();
                prop_assert_eq!(range_root(size, first, shown, &more), None);
                if let Some((_, less)) = run.nodes.split_last() {
                    prop_assert_eq!(range_root(size, first, shown, less), None);
                }
            }
        }

        #[test]
        fn audit_paths_and_consistency_proofs_hold(size in 1usize..150, index in 0usize..150, old in 0usize..150) {
            let (index, old) = (index % size, old % (size + 1));
            let all = leaves(size);
            let root = naive(&all);
            let Ok(path) = inclusion(index as u64, size as u64, &mut root_of(&all));
            prop_assert_eq!(inclusion_root(index as u64, size as u64, all[index], &path), Some(root));
            prop_assert_ne!(inclusion_root(index as u64, size as u64, leaf(b"other"), &path), Some(root));
            prop_assert_eq!(inclusion_root(size as u64, size as u64, all[index], &path), None);
            let Ok(path) = consistency(old as u64, size as u64, &mut root_of(&all));
            let was = naive(&all[..old]);
            prop_assert!(is_consistent(old as u64, &was, size as u64, &root, &path));
            prop_assert!(old == size || !is_consistent(old as u64, &leaf(b"fork"), size as u64, &root, &path));
            prop_assert!(old == 0 || !is_consistent(old as u64, &was, size as u64, &leaf(b"fork"), &path));
        }
    }

    #[test]
    fn hostile_numbers_give_no_root() {
        let one = [leaf(b"a")];
        assert_eq!(range_root(0, 0, &[], &[]), None);
        assert_eq!(range_root(u64::MAX, u64::MAX, &one, &[]), None);
        assert_eq!(range_root(u64::MAX, 1 << 63, &one, &[one[0]; 3]), None);
        assert_eq!(inclusion_root(0, 0, one[0], &[]), None);
        assert_eq!(inclusion_root(0, 1, one[0], &one), None);
        assert!(!is_consistent(3, &one[0], 2, &one[0], &[]));
    }
}
