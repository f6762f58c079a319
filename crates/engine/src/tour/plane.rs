use qiao_model::dot;

/// Steps of the power iteration: far more than a picture needs.
const STEPS: usize = 200;

/// Where vectors lie on the plane on which they differ most: their first two principal components (Pearson 1901), each with
/// its greatest number upwards. Vectors must be of one length; without any, or where all are equal, places are zero.
pub fn plane(vectors: &[&[f32]]) -> Vec<[f32; 2]> {
    let Some(first) = vectors.first() else { return Vec::new() };
    let mut mean = vec![0.0; first.len()];
    for vector in vectors {
        mean.iter_mut().zip(*vector).for_each(|(m, v)| *m += v / vectors.len() as f32);
    }
    let centred = |vector: &&[f32]| -> Vec<f32> { vector.iter().zip(&mean).map(|(v, m)| v - m).collect() };
    let mut rest: Vec<Vec<f32>> = vectors.iter().map(centred).collect();
    let scale = rest.iter().map(|row| dot(row, row).sqrt()).fold(0.0, f32::max);
    let mut places = vec![[0.0; 2]; vectors.len()];
    for axis in 0..2 {
        let Some(direction) = direction(&rest, scale) else { break };
        for (place, row) in places.iter_mut().zip(&mut rest) {
            place[axis] = dot(row, &direction);
            row.iter_mut().zip(&direction).for_each(|(v, d)| *v -= place[axis] * d);
        }
        let furthest = places
            .iter()
            .map(|place| place[axis])
            .fold(0.0, |most: f32, v| if v.abs() > most.abs() { v } else { most });
        if furthest < 0.0 {
            places.iter_mut().for_each(|place| place[axis] = -place[axis]);
        }
    }
    places
}

/// The direction of unit length along which `rows` differ most, or `None` where they differ by no more than rounding does
/// beside `scale`.
fn direction(rows: &[Vec<f32>], scale: f32) -> Option<Vec<f32>> {
    let longest = rows.iter().max_by(|a, b| dot(a, a).total_cmp(&dot(b, b)))?;
    let mut direction = unit(longest, scale * 1e-4)?;
    for _ in 0..STEPS {
        let mut next = vec![0.0; direction.len()];
        for row in rows {
            let along = dot(row, &direction);
            next.iter_mut().zip(row).for_each(|(n, v)| *n += along * v);
        }
        direction = unit(&next, 0.0)?;
    }
    Some(direction)
}

fn unit(vector: &[f32], least: f32) -> Option<Vec<f32>> {
    let length = dot(vector, vector).sqrt();
    (length > least).then(|| vector.iter().map(|v| v / length).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_most_lies_along_the_first_axis() {
        // along (1, 1, 0)/√2 by 4, along (0, 0, 1) by 1
        let corner = |a: f32, b: f32| [a + 7.0, a - 3.0, b];
        let vectors = [corner(2.0, 0.5), corner(-2.0, 0.5), corner(-2.0, -0.5), corner(2.0, -0.5)];
        let places = plane(&vectors.each_ref().map(<[f32; 3]>::as_slice));
        let side = 2.0 * std::f32::consts::SQRT_2;
        for (place, vector) in places.iter().zip(vectors) {
            assert!((place[0].abs() - side).abs() < 1e-4 && (place[1].abs() - 0.5).abs() < 1e-4, "{places:?}");
            assert_eq!(place[0] > 0.0, (vector[0] > 7.0) == (places[0][0] > 0.0), "{places:?}");
        }
        assert!((places[0][0] - places[3][0]).abs() < 1e-4 && (places[0][1] - places[1][1]).abs() < 1e-4);
    }

    #[test]
    fn few_and_equal_vectors_have_places_too() {
        assert_eq!(plane(&[]), [[0.0; 2]; 0]);
        assert_eq!(plane(&[&[1.0, 2.0]]), [[0.0; 2]]);
        assert_eq!(plane(&[&[1.0, 2.0], &[1.0, 2.0]]), [[0.0; 2]; 2]);
        let two = plane(&[&[1.0, 0.0], &[0.0, 0.0]]);
        assert!((two[0][0] - two[1][0]).abs() > 0.99 && two[0][1] == 0.0 && two[1][1] == 0.0, "{two:?}");
        assert_eq!(plane(&[&[], &[]]), [[0.0; 2]; 2]);
    }
}
