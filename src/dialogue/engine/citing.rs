//! What a citation quotes, the sentences of the entry that the answer relies on, and where the entry leads besides.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::answer::{Citation, Link, LinkKind};
use super::super::aspect::Aspect;
use super::super::evidence::{Details, Evidence, Matter, Position, Window};

/// A quote no longer than this stays readable on a phone; the whole entry opens behind it.
const QUOTE: usize = 240;

/// How many windows of a matter are linked; who needs another one finds it behind the entry's own link.
const MAPS: usize = 3;

/// Where a map shows a place, after 高德's URI API: coordinates are GCJ-02, as windows have them.
const MAP: &str = "https://uri.amap.com/marker";

/// The citations of a text, in the order of their marks.
pub(super) fn citations(evidence: &[Evidence], cited: &[usize], aspect: Aspect) -> Vec<Citation> {
    cited
        .iter()
        .enumerate()
        .filter_map(|(place, &index)| evidence.get(index).map(|entry| (place + 1, entry)))
        .map(|(number, entry)| Citation {
            number,
            id: entry.id.clone(),
            title: entry.title.clone(),
            kind: entry.kind.name().to_owned(),
            url: entry.url.clone(),
            quote: shorten(&quote(entry, aspect)),
            source: entry.source.clone(),
            department: entry.department.clone(),
            links: links(entry),
        })
        .collect()
}

/// Where a map shows a window.
pub(super) fn map_url(window: &Window, Position { lng, lat }: Position) -> String {
    let name = utf8_percent_encode(&window.name, NON_ALPHANUMERIC);
    format!("{MAP}?position={lng},{lat}&name={name}")
}

/// Where an entry leads besides its own page: the maps of its windows, and its appointments.
fn links(entry: &Evidence) -> Vec<Link> {
    let Details::Matter(matter) = &entry.details else { return Vec::new() };
    let maps = matter.windows.iter().filter_map(|window| {
        let url = map_url(window, window.position?);
        Some(Link { kind: LinkKind::Map, label: window.name.clone(), url })
    });
    maps.take(MAPS).chain(appointment(&entry.title, matter.appointment_url.as_deref())).collect()
}

/// Where an appointment for a matter is made.
pub(super) fn appointment(title: &str, url: Option<&str>) -> Option<Link> {
    let url = url.map(str::trim).filter(|url| !url.is_empty())?.to_owned();
    Some(Link { kind: LinkKind::Appointment, label: title.to_owned(), url })
}

fn quote(entry: &Evidence, aspect: Aspect) -> String {
    let part = match &entry.details {
        Details::Matter(matter) => part_of(matter, aspect),
        _ => None,
    };
    part.unwrap_or_else(|| entry.answer.clone())
}

fn part_of(matter: &Matter, aspect: Aspect) -> Option<String> {
    let lines = match aspect {
        Aspect::Materials => matter.materials.iter().map(|material| material.name.clone()).collect(),
        Aspect::Steps => matter.steps.clone(),
        Aspect::Conditions => matter.conditions.clone(),
        Aspect::Fees => matter.fees.iter().cloned().collect(),
        Aspect::Place => matter.windows.iter().map(|window| window.name.clone()).collect::<Vec<_>>(),
        Aspect::Overview | Aspect::Time | Aspect::Online => Vec::new(),
    };
    (!lines.is_empty()).then(|| lines.join("；"))
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= QUOTE {
        return text.to_owned();
    }
    let cut: String = text.chars().take(QUOTE).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matter(windows: Vec<Window>, appointment_url: Option<&str>) -> Evidence {
        let matter =
            Matter { windows, appointment_url: appointment_url.map(str::to_owned), ..Matter::default() };
        Evidence::new("m", "落户", "带户口簿。", Details::Matter(Box::new(matter)))
    }

    #[test]
    fn an_entry_leads_to_what_it_has_windows_on_a_map_appointments_both_or_neither() {
        let window = |name: &str, position| Window { name: name.to_owned(), position, ..Window::default() };
        let here = Some(Position { lng: 113.5, lat: 23.25 });
        let of = |entry: &Evidence| {
            let [citation] = &citations(std::slice::from_ref(entry), &[0], Aspect::Overview)[..] else {
                panic!("one citation")
            };
            citation.links.clone()
        };
        let page = "https://zwfw.anhe.example/yy";
        let map = Link {
            kind: LinkKind::Map,
            label: "一 窗".to_owned(),
            url: "https://uri.amap.com/marker?position=113.5,23.25&name=%E4%B8%80%20%E7%AA%97".to_owned(),
        };
        let booked = Link { kind: LinkKind::Appointment, label: "落户".to_owned(), url: page.to_owned() };
        let windows = || vec![window("没有位置的", None), window("一 窗", here)];
        assert_eq!(of(&matter(windows(), Some(page))), [map.clone(), booked.clone()]);
        assert_eq!(of(&matter(windows(), None)), [map]);
        assert_eq!(of(&matter(Vec::new(), Some(page))), [booked]);
        assert_eq!(of(&matter(vec![window("没有位置的", None)], Some(" "))), []);
        let many = (0..9).map(|number| window(&format!("{number}"), here)).collect();
        assert_eq!(of(&matter(many, None)).len(), MAPS);
    }
}
