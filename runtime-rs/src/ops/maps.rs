//! Maps from keys to numbers or texts, and arrays of them. The values of a map are arrays of one element.
//!
//! Sources: https://onnx.ai/onnx/operators/onnx_aionnxml_ZipMap.html and its neighbours.

use crate::any::Map;
use crate::error::{Error, Result};
use crate::tensor::Tensor;

use super::labels::{Keys, Labels};

fn element<V: Clone>(x: &V) -> Tensor<V> {
    Tensor::from_slice(&[], core::slice::from_ref(x))
}

fn only<V>(x: &Tensor<V>) -> Result<&V> {
    x.data
        .first()
        .ok_or_else(|| Error::new("a value of a map is empty"))
}

/// A map for each row of `x`: its `i`-th key, in ascending order, has the value of column `columns[i]`.
pub fn zip_map<K: Clone + Default>(
    x: &[f32],
    labels: &impl Labels<K>,
    columns: &[u32],
    maps: &mut Vec<Map<K, Tensor<f32>>>,
) {
    let mut keys = vec![K::default(); columns.len()];
    for (i, key) in keys.iter_mut().enumerate() {
        labels.write(Some(i), key);
    }
    maps.clear();
    for row in x.chunks_exact(columns.len().max(1)) {
        let values = columns.iter().map(|&c| element(&row[c as usize])).collect();
        maps.push(Map {
            keys: keys.clone(),
            values,
        });
    }
}

/// Number of values of a map.
pub fn map_len<K, V>(map: &Map<K, V>) -> [usize; 1] {
    [map.keys.len()]
}

/// A value of a map that becomes another type.
pub trait MapValue<Y> {
    /// What it becomes; an error for text that is no number.
    fn cast(&self) -> Result<Y>;
}
impl MapValue<f32> for f32 {
    fn cast(&self) -> Result<f32> {
        Ok(*self)
    }
}
impl MapValue<i64> for f32 {
    fn cast(&self) -> Result<i64> {
        Ok(*self as i64)
    }
}
impl MapValue<String> for f32 {
    fn cast(&self) -> Result<String> {
        Ok(format!("{self:.6}"))
    }
}
impl MapValue<String> for String {
    fn cast(&self) -> Result<String> {
        Ok(self.clone())
    }
}
impl MapValue<f32> for String {
    fn cast(&self) -> Result<f32> {
        self.trim()
            .parse()
            .map_err(|_| Error::new(format!("{self:?} is no number")))
    }
}
impl MapValue<i64> for String {
    fn cast(&self) -> Result<i64> {
        self.trim()
            .parse()
            .map_err(|_| Error::new(format!("{self:?} is no integer")))
    }
}

/// Values of a map in the order of its keys, ascending.
pub fn cast_map<V: MapValue<Y>, Y>(map: &Map<i64, Tensor<V>>, y: &mut [Y]) -> Result<()> {
    let mut order: Vec<usize> = (0..map.keys.len()).collect();
    order.sort_by_key(|&i| map.keys[i]);
    for (&i, y) in order.iter().zip(y) {
        *y = only(&map.values[i])?.cast()?;
    }
    Ok(())
}

/// Values of a map in the places of its keys, `empty` elsewhere. Fails for keys past the end.
pub fn cast_sparse_map<V: MapValue<Y>, Y: Clone>(
    map: &Map<i64, Tensor<V>>,
    empty: Y,
    y: &mut [Y],
) -> Result<()> {
    y.fill(empty);
    for (&key, value) in map.keys.iter().zip(&map.values) {
        let count = y.len();
        let place = usize::try_from(key).ok().and_then(|key| y.get_mut(key));
        let place =
            place.ok_or_else(|| Error::new(format!("key {key} of a map for {count} places")))?;
        *place = only(value)?.cast()?;
    }
    Ok(())
}

/// Values of a map in the places of its keys in a vocabulary, the default elsewhere. Other keys do not count.
pub fn dict_vectorizer<K, V: Clone + Default>(
    map: &Map<K, Tensor<V>>,
    vocabulary: &impl Keys<K>,
    places: &[u32],
    y: &mut [V],
) -> Result<()> {
    y.fill(V::default());
    for (key, value) in map.keys.iter().zip(&map.values) {
        if let Some(i) = vocabulary.find(key) {
            y[places[i] as usize] = only(value)?.clone();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::{NumberKeys, NumberLabels};

    fn map() -> Map<i64, Tensor<f32>> {
        Map {
            keys: vec![3, 1],
            values: [4.5, -2.25].iter().map(element).collect(),
        }
    }

    #[test]
    fn rows_become_maps() {
        let mut maps = Vec::new();
        zip_map(
            &[1.0, 2.0, 3.0, 4.0],
            &NumberLabels {
                values: &[5i64, 7],
                default: &[0],
            },
            &[1, 0],
            &mut maps,
        );
        assert_eq!(maps[1].keys, [5, 7]);
        assert_eq!(maps[1].values, [element(&4.0), element(&3.0)]);
    }

    #[test]
    fn maps_become_rows() {
        let mut y = [0.0; 2];
        cast_map(&map(), &mut y).unwrap();
        assert_eq!(y, [-2.25, 4.5]);
        let mut y = vec![0; 4];
        cast_sparse_map(&map(), 9, &mut y).unwrap();
        assert_eq!(y, [9, -2, 9, 4]);
        assert!(cast_sparse_map(&map(), String::new(), &mut [const { String::new() }; 3]).is_err());
        let mut y = [7.0; 2];
        dict_vectorizer(&map(), &NumberKeys { sorted: &[2, 3] }, &[1, 0], &mut y).unwrap();
        assert_eq!(y, [4.5, 0.0]);
    }
}
