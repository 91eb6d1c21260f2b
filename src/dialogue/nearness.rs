//! Which windows are near: distances over the earth's surface, and how they are told.

use super::evidence::{Located, Position};

/// The mean radius of the earth in metres (IUGG).
const EARTH: f64 = 6_371_008.8;

/// The distance between two places in metres, by the haversine formula. Off by half a percent at most, because the earth
/// is no sphere; for "which window is nearer" that is plenty.
pub fn metres(one: Position, other: Position) -> f64 {
    let half_sine = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let across = one.lat.to_radians().cos() * other.lat.to_radians().cos() * half_sine(other.lng - one.lng);
    2.0 * EARTH * (half_sine(other.lat - one.lat) + across).clamp(0.0, 1.0).sqrt().asin()
}

/// The nearest of these windows with their distances in metres, nearest first, at most so many. Of equally near ones the
/// name decides, so that the answer is the same each time.
pub fn nearest(windows: Vec<Located>, from: Position, most: usize) -> Vec<(Located, f64)> {
    let mut measured: Vec<(Located, f64)> = windows
        .into_iter()
        .map(|window| {
            let distance = metres(from, window.position);
            (window, distance)
        })
        .collect();
    measured.sort_by(|(one, near), (other, far)| {
        near.total_cmp(far).then_with(|| one.window.name.cmp(&other.window.name))
    });
    measured.truncate(most);
    measured
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::evidence::{Cited, Window};
    use super::*;

    fn at(lng: f64, lat: f64) -> Position {
        Position { lng, lat }
    }

    #[test]
    fn distances_are_those_of_the_tables() {
        // Great-circle distances as GeographicLib's sphere of the same radius gives them.
        let table = [
            (at(116.397_128, 39.916_527), at(121.473_701, 31.230_416), 1_067_967.0),
            (at(0.0, 0.0), at(1.0, 0.0), 111_195.1),
            (at(0.0, 0.0), at(180.0, 0.0), 20_015_114.4),
            (at(179.5, 10.0), at(-179.5, 10.0), 109_505.7),
            (at(113.0, 28.0), at(113.0, 28.0), 0.0),
        ];
        for (one, other, expected) in table {
            let found = metres(one, other);
            assert!((found - expected).abs() <= expected.max(1.0) * 0.002, "{found} for {expected}");
        }
    }

    #[test]
    fn the_nearest_come_first_and_names_break_ties() {
        let window = |name: &str, position| Located {
            window: Window { name: name.into(), ..Window::default() },
            position,
            cited: Cited { id: "m".into(), title: "事项".into(), ..Cited::default() },
        };
        let windows = vec![
            window("远", at(113.2, 28.0)),
            window("乙", at(113.1, 28.0)),
            window("丙", at(113.0, 28.0)),
            window("丁", at(113.1, 28.0)),
        ];
        let names: Vec<String> =
            nearest(windows, at(113.0, 28.0), 3).into_iter().map(|(found, _)| found.window.name).collect();
        assert_eq!(names, ["丙", "丁", "乙"]);
    }

    proptest! {
        #[test]
        fn a_distance_is_one(
            a in -180.0..180.0_f64, b in -90.0..90.0_f64, c in -180.0..180.0_f64, d in -90.0..90.0_f64,
        ) {
            let (there, back) = (metres(at(a, b), at(c, d)), metres(at(c, d), at(a, b)));
            prop_assert!((there - back).abs() < 1e-3);
            prop_assert!((0.0..=20_015_115.0).contains(&there));
        }
    }
}
