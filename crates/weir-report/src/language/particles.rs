//! Korean particles whose form depends on the sound before them.

/// A particle by the form after a consonant, and that after a vowel.
const FORMS: [(&str, &str); 5] = [("은", "는"), ("이", "가"), ("을", "를"), ("과", "와"), ("으로", "로")];

/// How a word ends, as far as particles care.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Vowel,
    /// After it, 으로 is 로.
    Rieul,
    Consonant,
}

/// Adds a phrase's own text to what stands before it, and fills in each particle that it leaves open, such as `[은]`.
pub(super) fn fill(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let form = FORMS.iter().find(|(closed, _)| {
            from.strip_prefix('[').and_then(|f| f.strip_prefix(closed)).is_some_and(|f| f.starts_with(']'))
        });
        match form {
            Some((closed, open)) => {
                let short = match end(out) {
                    End::Vowel => true,
                    End::Rieul => *closed == "으로",
                    End::Consonant => false,
                };
                out.push_str(if short { open } else { closed });
                rest = from.get(closed.len() + 2..).unwrap_or_default();
            }
            None => {
                out.push('[');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
}

/// How the last letter or digit is read.
fn end(text: &str) -> End {
    let last = text.chars().rev().find(|c| c.is_alphanumeric());
    match last {
        Some(c @ '가'..='힣') => match (u32::from(c) - u32::from('가')) % 28 {
            0 => End::Vowel,
            8 => End::Rieul,
            _ => End::Consonant,
        },
        // 일, 칠, 팔; 영, 삼, 육.
        Some('1' | '7' | '8') => End::Rieul,
        Some('0' | '3' | '6') => End::Consonant,
        // Letters by their names: 엘, 알; 엠, 엔.
        Some('l' | 'L' | 'r' | 'R') => End::Rieul,
        Some('m' | 'M' | 'n' | 'N') => End::Consonant,
        _ => End::Vowel,
    }
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn particles_follow_the_sound() {
        let all = [
            "기록[은]",
            "출발지[은]",
            "3명[이]",
            "12,504[을]",
            "서울[으로]",
            "부산[으로]",
            "1[으로]",
            "csv[과]",
            "a[0]",
            "x[",
        ];
        let told =
            ["기록은", "출발지는", "3명이", "12,504를", "서울로", "부산으로", "1로", "csv와", "a[0]", "x["];
        let filled = |text: &str| {
            let mut out = String::new();
            fill(&mut out, text);
            out
        };
        assert_eq!(all.map(filled), told);
    }
}
