//! Text into a line: numbers, addresses and names, written straight into its bytes.
//!
//! The decisive choice: no `format!` where lines are made. Its machinery would take most of the time that a world of a hundred
//! million lines needs.

use std::fmt;
use std::io::Write as _;
use std::net::IpAddr;

/// What can be written into a line.
pub trait Put {
    /// Adds it to the line's end.
    fn put(&self, line: &mut Vec<u8>);
}

/// Writes one thing after the other into a line.
macro_rules! put {
    ($line:expr, $($part:expr),+ $(,)?) => {{
        $( $crate::text::Put::put(&$part, $line); )+
    }};
}
pub(crate) use put;

/// Shows to a formatter what would be written into a line.
pub(crate) fn show(what: &impl Put, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut line = Vec::with_capacity(128);
    what.put(&mut line);
    f.write_str(&String::from_utf8_lossy(&line))
}

impl<T: Put + ?Sized> Put for &T {
    fn put(&self, line: &mut Vec<u8>) {
        (**self).put(line);
    }
}

impl Put for str {
    fn put(&self, line: &mut Vec<u8>) {
        line.extend_from_slice(self.as_bytes());
    }
}

impl Put for String {
    fn put(&self, line: &mut Vec<u8>) {
        line.extend_from_slice(self.as_bytes());
    }
}

impl Put for [u8] {
    fn put(&self, line: &mut Vec<u8>) {
        line.extend_from_slice(self);
    }
}

/// Digits of the largest number.
const DIGITS_MAX: usize = 20;

impl Put for u64 {
    fn put(&self, line: &mut Vec<u8>) {
        let (mut digits, mut left, mut from) = ([b'0'; DIGITS_MAX], *self, DIGITS_MAX);
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (left % 10) as u8;
            left /= 10;
            from -= 1;
            if left == 0 {
                break;
            }
        }
        line.extend_from_slice(digits.get(from..).unwrap_or_default());
    }
}

impl Put for u32 {
    fn put(&self, line: &mut Vec<u8>) {
        u64::from(*self).put(line);
    }
}

impl Put for u16 {
    fn put(&self, line: &mut Vec<u8>) {
        u64::from(*self).put(line);
    }
}

/// A number below 100, in two digits.
#[derive(Debug, Clone, Copy)]
pub struct Two(pub u8);

impl Put for Two {
    fn put(&self, line: &mut Vec<u8>) {
        line.extend_from_slice(&[b'0' + self.0 / 10 % 10, b'0' + self.0 % 10]);
    }
}

impl Put for IpAddr {
    fn put(&self, line: &mut Vec<u8>) {
        match self {
            Self::V4(address) => {
                let [a, b, c, d] = address.octets().map(u16::from);
                put!(line, a, ".", b, ".", c, ".", d);
            }
            // Writing to memory cannot fail.
            Self::V6(address) => drop(write!(line, "{address}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(what: &(impl Put + ?Sized)) -> String {
        let mut line = Vec::new();
        what.put(&mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn it_writes_what_the_formatter_writes() {
        for n in [0, 7, 10, 99, 100, 65_535, 4_294_967_295, u64::MAX] {
            assert_eq!(text(&n), n.to_string());
        }
        for address in ["0.0.0.0", "245.8.32.255", "2001:db8::1", "2001:db8:40:1:8c:0:0:9"] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(text(&address), address.to_string());
        }
        assert_eq!((text(&Two(3)), text(&Two(59))), ("03".to_owned(), "59".to_owned()));
    }
}
