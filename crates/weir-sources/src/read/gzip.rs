//! gzip of one or several members, to the last byte: zero padding is allowed after a member, anything else is damage.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, ErrorKind, Read};

/// Reads all members as one content.
pub(super) struct Members<R> {
    state: State<R>,
}

enum State<R> {
    In(Box<GzDecoder<R>>),
    Between(R),
    Ended,
}

impl<R> Members<R> {
    pub(super) fn new(raw: R) -> Self {
        Self { state: State::Between(raw) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.state = match std::mem::replace(&mut self.state, State::Ended) {
                State::Ended => return Ok(0),
                State::In(mut decoder) => {
                    let got = decoder.read(buffer);
                    match got {
                        Ok(0) => State::Between(decoder.into_inner()),
                        _ => {
                            self.state = State::In(decoder);
                            return got;
                        }
                    }
                }
                State::Between(mut raw) => match raw.fill_buf() {
                    Err(e) => {
                        self.state = State::Between(raw);
                        return Err(e);
                    }
                    Ok([]) => State::Ended,
                    Ok([0x1F, ..]) => State::In(Box::new(GzDecoder::new(raw))),
                    Ok(padding) => {
                        let zeros = padding.iter().take_while(|b| **b == 0).count();
                        if zeros == 0 {
                            return Err(io::Error::from(ErrorKind::InvalidData));
                        }
                        raw.consume(zeros);
                        State::Between(raw)
                    }
                },
            };
        }
    }
}
