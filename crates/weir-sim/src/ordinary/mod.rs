//! The ordinary population that every scenario shares, one file per kind of actor.
//!
//! Each is ordinary and each looks like a thief to some naive rule: carriers and offices put many people behind one
//! address, customer service and the nightly batch open many people's pages, crawlers and scrapers never browse as people
//! do, probes collect errors.

mod batch;
mod crawler;
pub mod database;
mod partner;
mod probe;
mod scraper;
mod service;
mod shopper;
mod visitor;

pub use partner::addresses as courier_addresses;
use std::net::IpAddr;

use crate::net::{self, Width};
use crate::world::Actor;

/// Everyone ordinary.
#[must_use]
pub fn everyone() -> Vec<Box<dyn Actor>> {
    vec![
        Box::new(shopper::Shoppers),
        Box::new(visitor::Visitors),
        Box::new(service::CustomerService::default()),
        Box::new(batch::Settlement),
        Box::new(crawler::Crawlers::default()),
        Box::new(scraper::Scrapers),
        Box::new(probe::Probes),
    ]
}

/// Everyone ordinary, with those that a larger shop has.
#[must_use]
pub fn everyone_and_partners() -> Vec<Box<dyn Actor>> {
    let mut all = everyone();
    all.push(Box::new(partner::Courier));
    all
}

/// Innocents that stand out by how many people's pages, or how many people, they show: role and addresses.
#[must_use]
pub fn conspicuous(width: Width) -> Vec<(&'static str, Vec<IpAddr>)> {
    vec![
        ("customer service", vec![net::OFFICE]),
        ("nightly batch", vec![net::BATCH_HOST]),
        ("mobile carriers", net::carrier_addresses(width).collect()),
        ("search crawlers", crawler::addresses()),
    ]
}
