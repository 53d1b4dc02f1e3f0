//! The world's addresses: who is reached through which block, and how long an address stays the same.
//!
//! The decisive choice: people, carriers, companies and hosters live in ranges that belong to nobody (240.0.0.0/4,
//! reserved by RFC 1112 section 4; 2001:db8::/32, documentation, RFC 3849), so that no world accuses a real network.
//! Search crawlers alone use the ranges that their operators publish, as a tool may check a crawler's claim against
//! those. An address is a function of (household, time), so the plan holds no state however long a world runs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::clock::DAY;
use crate::random::{Random, mix};

/// A fixed-line provider: its block and how many days a household keeps an address.
struct Provider {
    base: [u8; 4],
    bits: u8,
    lease_days: u64,
    share: u32,
}

const PROVIDERS: [Provider; 6] = [
    Provider { base: [242, 16, 0, 0], bits: 17, lease_days: 180, share: 30 },
    Provider { base: [242, 84, 0, 0], bits: 16, lease_days: 30, share: 30 },
    Provider { base: [243, 7, 0, 0], bits: 15, lease_days: 7, share: 20 },
    // Reconnects every night.
    Provider { base: [243, 130, 0, 0], bits: 15, lease_days: 1, share: 10 },
    // Hands out IPv6; see `home`.
    Provider { base: [0, 0, 0, 0], bits: 0, lease_days: 60, share: 10 },
    // In another country; nobody lives there unless told to.
    Provider { base: [250, 96, 0, 0], bits: 17, lease_days: 30, share: 0 },
];
const IPV6_PROVIDER: usize = 4;
const ABROAD: u8 = 5;
/// The widest a provider's block gets, in bits: the blocks lie that far apart.
const BITS_MAX: u8 = 22;

/// How much wider the pools of addresses are than those that a shop of 20,000 members meets, as a power of two: more customers
/// have more homes, and no carrier puts a hundred thousand of them behind one address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Width(u8);

/// Members whom the narrowest pools serve.
const MEMBERS: u32 = 20_000;
/// The widest pools of shared addresses.
const SHARED_MAX: u8 = 9;

impl Width {
    /// The width of a world with this many members.
    #[must_use]
    pub fn of(members: u32) -> Self {
        Self(members.div_ceil(MEMBERS).max(1).next_power_of_two().trailing_zeros() as u8)
    }

    /// A pool of shared addresses that holds this many where it is narrowest.
    fn shared(self, narrowest: u64) -> u64 {
        narrowest << self.0.min(SHARED_MAX)
    }
}

/// Public addresses of carrier-grade NAT: base and how many, per mobile carrier.
const CARRIERS: [([u8; 4], u64); 3] = [([245, 8, 32, 16], 3), ([245, 60, 4, 64], 2), ([245, 201, 9, 8], 2)];

/// Blocks of 256 rented to whoever pays: VPN exits, scrapers, probes, and whoever hides among them.
const HOSTING: [[u8; 3]; 6] =
    [[247, 3, 18], [247, 3, 19], [247, 40, 202], [247, 91, 7], [248, 12, 66], [248, 12, 140]];

/// A fixed-line household; members of one household share its address.
#[derive(Debug, Clone, Copy)]
pub struct Household {
    id: u64,
    provider: u8,
    width: Width,
}

impl Household {
    /// The household with this number, at a provider chosen by market share.
    pub fn new(id: u64, random: &mut Random) -> Self {
        let shares = PROVIDERS.map(|provider| provider.share);
        Self { id, provider: random.weighted(&shares) as u8, width: Width::default() }
    }

    /// The household with this number, in another country.
    #[must_use]
    pub fn abroad(id: u64) -> Self {
        Self { id, provider: ABROAD, width: Width::default() }
    }

    /// The same household in a world of this width.
    #[must_use]
    pub fn within(self, width: Width) -> Self {
        Self { width, ..self }
    }

    /// Its address at a time, as seen for one of its devices.
    #[must_use]
    pub fn address(self, at: i64, device: u64) -> IpAddr {
        let Some(provider) = PROVIDERS.get(usize::from(self.provider)) else {
            return IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        };
        let days = at.div_euclid(DAY).unsigned_abs();
        // Leases of one provider do not end on one day: each household has its own phase.
        let lease = (days + mix(self.id, 1) % provider.lease_days) / provider.lease_days;
        let drawn = mix(mix(self.id, 2), lease);
        if usize::from(self.provider) == IPV6_PROVIDER {
            // The prefix is the household's, the lower half changes daily per device (RFC 8981 privacy extensions).
            let prefix = 0x2001_0db8_0000_0000 | (0x40_0000 + (drawn & 0x000f_ffff)) << 8;
            let lower = mix(mix(self.id, device), days);
            return IpAddr::V6(Ipv6Addr::from((u128::from(prefix) << 64) | u128::from(lower)));
        }
        let bits = (provider.bits + self.width.0).min(BITS_MAX);
        IpAddr::V4(offset(provider.base, drawn % (1 << bits)))
    }
}

/// How many mobile carriers there are.
#[must_use]
pub fn carriers() -> u64 {
    CARRIERS.len() as u64
}

/// The shared address through which a subscriber of a carrier goes out that hour: mostly the usual one, sometimes another.
#[must_use]
pub fn carrier_nat(carrier: u8, width: Width, subscriber: u64, at: i64) -> IpAddr {
    let Some((base, size)) = CARRIERS.get(usize::from(carrier)) else {
        return IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    };
    let hour = at.div_euclid(DAY / 24).unsigned_abs();
    let moved = mix(mix(subscriber, 3), hour) % 10 < 3;
    let slot = if moved { mix(subscriber, hour) } else { mix(subscriber, 4) };
    IpAddr::V4(offset(*base, slot % width.shared(*size)))
}

/// Every shared address of the mobile carriers.
pub fn carrier_addresses(width: Width) -> impl Iterator<Item = IpAddr> {
    let pool = move |size: u64| 0..width.shared(size);
    CARRIERS.iter().flat_map(move |(base, size)| pool(*size).map(|slot| IpAddr::V4(offset(*base, slot))))
}

/// The one address of a company's network.
#[must_use]
pub fn workplace(company: u16) -> IpAddr {
    let drawn = mix(u64::from(company), 5);
    IpAddr::V4(offset([246, 20, 0, 0], drawn % (1 << 19)))
}

/// The shop's own office, from where customer service works.
pub const OFFICE: IpAddr = IpAddr::V4(Ipv4Addr::new(246, 40, 7, 2));

/// The shop's own batch host, inside.
pub const BATCH_HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 20, 0, 15));

/// An address of a hoster, anywhere in its blocks.
pub fn hosted(random: &mut Random) -> IpAddr {
    let [a, b, c] = random.pick(&HOSTING).copied().unwrap_or([247, 3, 18]);
    IpAddr::V4(Ipv4Addr::new(a, b, c, random.between(2, 250) as u8))
}

/// An exit of a commercial VPN, shared by all its customers.
#[must_use]
pub fn vpn_exit(width: Width, slot: u64) -> IpAddr {
    let drawn = mix(slot % width.shared(6), 6);
    let [a, b, c] = HOSTING.get((drawn % 6) as usize).copied().unwrap_or([247, 3, 18]);
    IpAddr::V4(Ipv4Addr::new(a, b, c, (drawn >> 32) as u8 | 2))
}

/// The address that lies `by` after a base.
fn offset(base: [u8; 4], by: u64) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::from(base)).wrapping_add(by as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_keep_an_address_for_their_lease_and_then_change() {
        let mut random = Random::new(1, "homes", 0);
        let homes: Vec<Household> = (0..200).map(|id| Household::new(id, &mut random)).collect();
        let changed =
            |days: i64| homes.iter().filter(|home| home.address(0, 0) != home.address(days * DAY, 0)).count();
        assert_eq!(homes.iter().filter(|home| home.address(0, 0) != home.address(DAY / 2, 0)).count(), 0);
        assert!((20..90).contains(&changed(1)), "{}", changed(1));
        assert!(changed(400) > 195);
        assert!(homes.iter().any(|home| home.address(0, 0).is_ipv6()));
    }

    #[test]
    fn no_person_lives_at_an_address_that_belongs_to_somebody() {
        let mut random = Random::new(1, "reserved", 0);
        let wide = Width::of(5_000_000);
        let mut addresses: Vec<IpAddr> = carrier_addresses(wide).collect();
        for id in 0..500 {
            let home = Household::new(id, &mut random);
            addresses.push(home.address(id as i64 * DAY, id));
            addresses.push(home.within(wide).address(id as i64 * DAY, id));
            addresses.push(hosted(&mut random));
            addresses.push(vpn_exit(wide, id));
            addresses.push(workplace(id as u16));
        }
        for address in addresses {
            match address {
                IpAddr::V4(v4) => assert!(v4.octets()[0] >= 240 && v4.octets()[0] < 255, "{v4}"),
                IpAddr::V6(v6) => assert_eq!(v6.segments()[..2], [0x2001, 0x0db8], "{v6}"),
            }
        }
    }

    #[test]
    fn a_carrier_puts_many_subscribers_behind_few_addresses() {
        let seen: std::collections::BTreeSet<IpAddr> =
            (0..1_000).map(|subscriber| carrier_nat(0, Width::of(20_000), subscriber, 0)).collect();
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn pools_widen_with_the_world_and_carriers_still_share() {
        assert_eq!(Width::of(20_000), Width::of(50));
        for members in [60_000, 1_600_000, 4_400_000] {
            let shared = carrier_addresses(Width::of(members)).count() as u32;
            assert!((1_000..=3_000).contains(&(members / shared)), "{} of {shared}", members / shared);
        }
    }
}
