//! How characters sound: what is mistyped in Chinese is most often another character of the same sound.

use std::sync::OnceLock;

use pinyin::ToPinyin;

/// The first and the last character that are looked up. Rarer ones are hardly ever typed by their sound.
const RANGE: std::ops::RangeInclusive<u16> = 0x4E00..=0x9FA5;

/// The sound of each character, without its tone, as a number.
#[derive(Debug)]
pub(crate) struct Sounds {
    numbers: Vec<u16>,
    /// The characters of each sound, by its number.
    characters: Vec<Vec<u16>>,
}

impl Sounds {
    /// The table of this process, made at the first call.
    pub(crate) fn shared() -> &'static Sounds {
        static SHARED: OnceLock<Sounds> = OnceLock::new();
        SHARED.get_or_init(Sounds::load)
    }

    fn load() -> Sounds {
        let mut known: Vec<&'static str> = Vec::new();
        let numbers: Vec<u16> = RANGE
            .map(|unit| {
                let sound =
                    char::from_u32(u32::from(unit)).and_then(|c| c.to_pinyin()).map(pinyin::Pinyin::plain);
                let Some(sound) = sound else { return 0 };
                let place = known.iter().position(|other| *other == sound).unwrap_or_else(|| {
                    known.push(sound);
                    known.len() - 1
                });
                place as u16 + 1
            })
            .collect();
        let mut characters = vec![Vec::new(); known.len() + 1];
        for (unit, &number) in RANGE.zip(&numbers).filter(|(_, number)| **number > 0) {
            characters[usize::from(number)].push(unit);
        }
        Sounds { numbers, characters }
    }

    /// The characters of a sound, by its number; none for 0.
    pub(crate) fn with(&self, number: u16) -> &[u16] {
        self.characters.get(usize::from(number)).map_or(&[], Vec::as_slice)
    }

    /// The number of a character's sound, by its UTF-16 unit; 0 if it has none.
    pub(crate) fn of(&self, unit: u16) -> u16 {
        unit.checked_sub(*RANGE.start())
            .and_then(|at| self.numbers.get(usize::from(at)))
            .copied()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_one_sound_have_one_number() {
        let sounds = Sounds::shared();
        let of = |c: char| sounds.of(c as u16);
        assert_eq!(of('证'), of('正'));
        assert_eq!(of('保'), of('报'));
        assert_ne!(of('证'), of('保'));
        assert_eq!(of('a'), 0);
        assert!(sounds.with(of('证')).contains(&('正' as u16)));
        assert!(sounds.with(0).is_empty());
    }
}
