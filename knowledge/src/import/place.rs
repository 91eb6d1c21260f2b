//! Where the fields of a row stand in its file, for faults that are only found when all rows are there.

use std::sync::Arc;

use super::field::Target;

/// The columns of a table.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Columns(pub(crate) Vec<Column>);

/// One column of a table.
#[derive(Debug, PartialEq)]
pub(crate) struct Column {
    /// What stands over it.
    pub(crate) heading: Arc<str>,
    /// Where its cells go; nothing: nowhere.
    pub(crate) target: Option<Target>,
}

/// Where the fields of one row are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Places {
    /// Nobody knows; the row as a whole is meant.
    #[default]
    Unknown,
    /// In the columns of a table.
    Table(Arc<Columns>),
    /// In text: the fields by name, each with its line and the character in it, both counted from 1.
    Text(Box<[(Box<str>, usize, usize)]>),
}

/// One place.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Place {
    /// The line, where it is not the row's.
    pub(crate) line: Option<usize>,
    /// The column, counted from 1.
    pub(crate) column: usize,
    /// The heading of a table's column.
    pub(crate) heading: Option<Arc<str>>,
}

impl Places {
    /// Where that field is; the row's first character if it is nowhere.
    pub(crate) fn of(&self, field: &str) -> Place {
        let nowhere = Place { line: None, column: 1, heading: None };
        match self {
            Places::Unknown => nowhere,
            Places::Table(columns) => {
                let shows = |column: &Column| column.target.is_some_and(|target| target.shows(field));
                match columns.0.iter().enumerate().find(|(_, column)| shows(column)) {
                    Some((at, column)) => {
                        Place { line: None, column: at + 1, heading: Some(Arc::clone(&column.heading)) }
                    }
                    None => nowhere,
                }
            }
            Places::Text(places) => {
                let outer = field.split(['.', '[']).next().unwrap_or(field);
                match places.iter().find(|(name, ..)| &**name == outer) {
                    Some((_, line, column)) => Place { line: Some(*line), column: *column, heading: None },
                    None => nowhere,
                }
            }
        }
    }
}

/// The letters of a spreadsheet's column: 1 is A, 27 is AA.
pub(crate) fn letters(column: usize) -> String {
    let mut rest = column;
    let mut letters = Vec::new();
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn columns_have_the_letters_of_a_spreadsheet() {
        for (column, expected) in
            [(1, "A"), (26, "Z"), (27, "AA"), (52, "AZ"), (703, "AAA"), (16_384, "XFD"), (0, "")]
        {
            assert_eq!(letters(column), expected);
        }
    }
}
