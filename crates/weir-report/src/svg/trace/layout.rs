//! Where the boxes of a trace stand: fold, layer, order.
//!
//! Fold: entities of one kind whose only neighbour is the same one are kept up to [`ALIKE_MAX`], the rest are one box. Layer: the
//! fewest steps from an entity nothing leads to. Order: by the mean row of the neighbours, swept twice each way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use weir_model::{
    Entity,
    case::{Trace, TraceNode},
};

/// Alike neighbours drawn one by one.
const ALIKE_MAX: usize = 4;
/// Layers drawn; deeper entities stand in the last.
const LAYERS_MAX: usize = 5;
/// Boxes in one layer; the rest of it is folded by kind.
const LAYER_BOXES_MAX: usize = 12;

/// A box.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub label: String,
    pub title: String,
    pub kind: &'static str,
    pub role: &'static str,
    pub how: BTreeSet<String>,
    pub records: u64,
    /// How many entities it stands for, when more than one.
    pub folded: usize,
    pub layer: usize,
    pub row: f64,
}

/// Boxes, and curves between them by index.
pub(super) struct Graph {
    pub boxes: Vec<Placed>,
    pub curves: BTreeSet<(usize, usize)>,
}

/// What decides whether two entities are alike: kind, and the one neighbour with the direction to it.
type Alike<'a> = (&'static str, &'a Entity, bool);

/// Lays a trace out.
pub(super) fn place(trace: &Trace) -> Graph {
    let mut graph = unfold(trace, &folds(trace));
    let layers = layers(&graph);
    graph.boxes.iter_mut().zip(layers).for_each(|(b, layer)| b.layer = layer);
    let mut graph = fold_layers(graph);
    order(&mut graph);
    graph
}

fn rank(role: &str) -> u8 {
    match role {
        "seed" => 0,
        "same_hand" => 1,
        _ => 2,
    }
}

fn role(role: &str) -> &'static str {
    match role {
        "seed" => "seed",
        "same_hand" => "same_hand",
        _ => "touched",
    }
}

/// Which fold each folded entity goes into; entities that stand alone are absent.
fn folds(trace: &Trace) -> BTreeMap<&Entity, usize> {
    let mut neighbours: BTreeMap<&Entity, BTreeSet<(&Entity, bool)>> = BTreeMap::new();
    for edge in trace.edges.iter().filter(|e| e.from != e.to) {
        neighbours.entry(&edge.from).or_default().insert((&edge.to, true));
        neighbours.entry(&edge.to).or_default().insert((&edge.from, false));
    }
    let mut alike: BTreeMap<Alike<'_>, Vec<&TraceNode>> = BTreeMap::new();
    for node in &trace.nodes {
        if let Some((other, out)) =
            neighbours.get(&node.entity).filter(|n| n.len() == 1).and_then(|n| n.first())
        {
            alike.entry((node.entity.kind.as_str(), other, *out)).or_default().push(node);
        }
    }
    let mut folds = BTreeMap::new();
    for (fold, mut nodes) in alike.into_values().enumerate() {
        if nodes.len() <= ALIKE_MAX + 1 {
            continue;
        }
        nodes.sort_by_key(|n| (rank(&n.role), std::cmp::Reverse(n.records), &n.entity));
        folds.extend(nodes.into_iter().skip(ALIKE_MAX).map(|n| (&n.entity, fold)));
    }
    folds
}

/// Boxes for entities and folds, curves for steps.
fn unfold(trace: &Trace, folds: &BTreeMap<&Entity, usize>) -> Graph {
    let mut boxes: Vec<Placed> = Vec::new();
    let mut place: BTreeMap<&Entity, usize> = BTreeMap::new();
    let mut fold_place: BTreeMap<usize, usize> = BTreeMap::new();
    for node in &trace.nodes {
        let fold = folds.get(&node.entity);
        let at = fold.and_then(|f| fold_place.get(f)).copied().unwrap_or(boxes.len());
        if let Some(b) = boxes.get_mut(at) {
            absorb(b, node.records, 1);
        } else {
            boxes.push(alone(node));
            if let (Some(f), Some(b)) = (fold, boxes.last_mut()) {
                fold_place.insert(*f, at);
                absorb(b, 0, 0);
            }
        }
        place.insert(&node.entity, at);
    }
    let mut curves = BTreeSet::new();
    for edge in &trace.edges {
        if let (Some(from), Some(to)) = (place.get(&edge.from), place.get(&edge.to)) {
            if from != to {
                curves.insert((*from, *to));
            }
            if let Some(b) = boxes.get_mut(*to) {
                b.how.insert(edge.how.clone());
            }
        }
    }
    Graph { boxes, curves }
}

fn alone(node: &TraceNode) -> Placed {
    Placed {
        label: node.entity.value.clone(),
        title: node.entity.to_string(),
        kind: node.entity.kind.as_str(),
        role: role(&node.role),
        how: BTreeSet::new(),
        records: node.records,
        folded: 0,
        layer: 0,
        row: 0.0,
    }
}

/// Makes a box stand for more entities.
fn absorb(b: &mut Placed, records: u64, entities: usize) {
    b.folded = b.folded.max(1) + entities;
    b.records = b.records.saturating_add(records);
    b.label = format!("+{} more", crate::words::count(b.folded as u64));
    b.title = format!("{} more of kind {}", b.folded, b.kind);
}

/// Fewest steps from a root; roots are boxes nothing leads to, then seeds, then whatever is left, in order.
fn layers(graph: &Graph) -> Vec<usize> {
    let led_to: BTreeSet<usize> = graph.curves.iter().map(|c| c.1).collect();
    let all = 0..graph.boxes.len();
    let mut layer: Vec<Option<usize>> = vec![None; graph.boxes.len()];
    let roots: Vec<usize> = all.clone().filter(|i| !led_to.contains(i)).collect();
    let seeds: Vec<usize> =
        all.clone().filter(|i| graph.boxes.get(*i).is_some_and(|b| b.role == "seed")).collect();
    let later = seeds.into_iter().map(|i| vec![i]).chain(all.map(|i| vec![i]));
    for roots in std::iter::once(roots).chain(later) {
        let mut queue: VecDeque<(usize, usize)> = roots.into_iter().map(|i| (i, 0)).collect();
        while let Some((i, depth)) = queue.pop_front() {
            let Some(slot) = layer.get_mut(i).filter(|l| l.is_none()) else { continue };
            *slot = Some(depth);
            queue.extend(
                graph.curves.range((i, 0)..=(i, usize::MAX)).map(|c| (c.1, (depth + 1).min(LAYERS_MAX - 1))),
            );
        }
    }
    layer.into_iter().map(|l| l.unwrap_or(0)).collect()
}

/// Folds what a layer cannot show, by kind: the least important boxes go, seeds last.
fn fold_layers(graph: Graph) -> Graph {
    let mut by_layer: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (i, b) in graph.boxes.iter().enumerate() {
        by_layer.entry(b.layer).or_default().push(i);
    }
    let mut into: BTreeMap<usize, usize> = BTreeMap::new();
    let mut boxes = graph.boxes.clone();
    for members in by_layer.values_mut().filter(|m| m.len() > LAYER_BOXES_MAX) {
        let key = |i: &usize| graph.boxes.get(*i).map(|b| (rank(b.role), std::cmp::Reverse(b.records)));
        members.sort_by(|a, b| key(a).cmp(&key(b)).then(a.cmp(b)));
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for i in members.iter().skip(LAYER_BOXES_MAX - 3) {
            let Some(b) = graph.boxes.get(*i) else { continue };
            let host = *kinds.entry(b.kind).or_insert(*i);
            if host != *i {
                into.insert(*i, host);
                if let Some(h) = boxes.get_mut(host) {
                    absorb(h, b.records, b.folded.max(1));
                    h.how.extend(b.how.iter().cloned());
                }
            }
        }
    }
    let kept: Vec<usize> = (0..boxes.len()).filter(|i| !into.contains_key(i)).collect();
    let index: BTreeMap<usize, usize> = kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
    let of = |i: &usize| index.get(into.get(i).unwrap_or(i)).copied();
    let curves =
        graph.curves.iter().filter_map(|(a, b)| Some((of(a)?, of(b)?))).filter(|(a, b)| a != b).collect();
    let boxes = kept.into_iter().filter_map(|i| boxes.get(i).cloned()).collect();
    Graph { boxes, curves }
}

/// Rows: sorted by the mean row of the neighbours on one side, then the other, twice; each layer centred.
fn order(graph: &mut Graph) {
    let layers = graph.boxes.iter().map(|b| b.layer + 1).max().unwrap_or(0);
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); layers];
    for (i, b) in graph.boxes.iter().enumerate() {
        if let Some(column) = columns.get_mut(b.layer) {
            column.push(i);
        }
    }
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
    for sweep in 0..5 {
        let forwards = sweep % 2 == 0;
        let mut order: Vec<usize> = (0..layers).collect();
        if !forwards {
            order.reverse();
        }
        for layer in order {
            let Some(column) = columns.get_mut(layer) else { continue };
            if sweep > 0 {
                column.sort_by(|a, b| {
                    pull(graph, *a, forwards).total_cmp(&pull(graph, *b, forwards)).then(a.cmp(b))
                });
            }
            let top = (tallest - column.len()) as f64 / 2.0;
            for (n, i) in column.iter().enumerate() {
                if let Some(b) = graph.boxes.get_mut(*i) {
                    b.row = top + n as f64;
                }
            }
        }
    }
}

/// The mean row of a box's neighbours on one side; its own where there are none. Folds sink below their like.
fn pull(graph: &Graph, i: usize, from_left: bool) -> f64 {
    let row = |i: &usize| graph.boxes.get(*i).map(|b| b.row);
    let own = row(&i).unwrap_or(0.0);
    let near = graph.curves.iter().filter_map(|(a, b)| match from_left {
        true if *b == i => row(a),
        false if *a == i => row(b),
        _ => None,
    });
    let (sum, n) = near.fold((0.0, 0u32), |(sum, n), row| (sum + row, n + 1));
    let sink = if graph.boxes.get(i).is_some_and(|b| b.folded > 0) { 0.25 } else { 0.0 };
    if n == 0 { own } else { sum / f64::from(n) + sink }
}
