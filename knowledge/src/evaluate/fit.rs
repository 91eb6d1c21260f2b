//! Fitting a linear model: smooth, convex enough, some thirty numbers, each of which may be held on one side of zero.

/// On which side of zero a weight may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Zero or more.
    Positive,
    /// Zero or less.
    Negative,
    /// Anywhere.
    Free,
    /// Exactly zero.
    Absent,
    /// Where it was.
    Kept,
}

impl Side {
    fn hold(self, value: f64, start: f64) -> f64 {
        match self {
            Side::Positive => value.max(0.0),
            Side::Negative => value.min(0.0),
            Side::Free => value,
            Side::Absent => 0.0,
            Side::Kept => start,
        }
    }
}

/// Steps after which the fit is as good as it gets here.
const STEPS: usize = 250;

/// The point at which the objective is least, by projected gradients with momentum (FISTA with backtracking). The
/// objective returns its value and its gradient.
pub(super) fn minimise(
    start: &[f64],
    sides: &[Side],
    objective: impl Fn(&[f64]) -> (f64, Vec<f64>),
) -> Vec<f64> {
    let hold = |point: &[f64]| -> Vec<f64> {
        point.iter().zip(start).zip(sides).map(|((value, start), side)| side.hold(*value, *start)).collect()
    };
    let mut point = hold(start);
    let mut ahead = point.clone();
    let mut momentum = 1.0_f64;
    let mut curvature = 1.0_f64;
    for _ in 0..STEPS {
        let (value, gradient) = objective(&ahead);
        curvature *= 0.7;
        let next = loop {
            let step: Vec<f64> =
                ahead.iter().zip(&gradient).map(|(at, slope)| at - slope / curvature).collect();
            let next = hold(&step);
            let moved: Vec<f64> = next.iter().zip(&ahead).map(|(new, old)| new - old).collect();
            let along: f64 = moved.iter().zip(&gradient).map(|(by, slope)| by * slope).sum();
            let squared: f64 = moved.iter().map(|by| by * by).sum();
            if objective(&next).0 <= value + along + curvature / 2.0 * squared + 1e-12 {
                break next;
            }
            curvature *= 2.0;
        };
        let following = (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt()) / 2.0;
        let share = (momentum - 1.0) / following;
        ahead = next.iter().zip(&point).map(|(new, old)| new + share * (new - old)).collect();
        momentum = following;
        point = next;
    }
    point
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_point_is_found_and_sides_are_kept() {
        // (x - 2)² + 10 (y + 1)² + (z - 3)² + (u - 4)², y held at zero or more, z at zero, u where it began.
        let objective = |at: &[f64]| {
            let (x, y, z, u) = (at[0] - 2.0, at[1] + 1.0, at[2] - 3.0, at[3] - 4.0);
            (x * x + 10.0 * y * y + z * z + u * u, vec![2.0 * x, 20.0 * y, 2.0 * z, 2.0 * u])
        };
        let sides = [Side::Free, Side::Positive, Side::Absent, Side::Kept];
        let least = minimise(&[0.0, 0.0, 0.0, 1.5], &sides, objective);
        assert!((least[0] - 2.0).abs() < 1e-3 && least[1] == 0.0 && least[2] == 0.0, "{least:?}");
    }
}
