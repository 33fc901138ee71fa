//! Words: lists that foreign code wrote. One that is too long is refused while it is read, before memory is taken
//! for the rest of it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

/// For `deserialize_with`: a list of at most `MOST` elements.
pub(crate) fn list<'de, D, T, const MOST: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(AtMost::<T, MOST>(PhantomData))
}

struct AtMost<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for AtMost<T, MOST> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MOST} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            if list.len() == MOST {
                return Err(A::Error::invalid_length(MOST + 1, &self));
            }
            list.push(element);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    struct Three {
        #[serde(deserialize_with = "list::<_, _, 3>")]
        numbers: Vec<u32>,
    }

    #[test]
    fn a_list_is_read_up_to_its_bound_and_refused_beyond_it() {
        for (count, fits) in [(0, true), (3, true), (4, false), (100_000, false)] {
            let given = Three {
                numbers: vec![7; count],
            };
            let json = serde_json::to_string(&given).unwrap();
            assert_eq!(
                serde_json::from_str::<Three>(&json).is_ok(),
                fits,
                "{count}"
            );
            let bytes = postcard::to_stdvec(&given).unwrap();
            let read = postcard::from_bytes::<Three>(&bytes);
            assert_eq!(read.is_ok(), fits, "{count}");
            assert!(!fits || read == Ok(given));
        }
    }

    #[test]
    fn a_list_that_only_claims_to_be_long_takes_no_memory() {
        // Four billion elements, none of which is there.
        let claim = [0xff, 0xff, 0xff, 0xff, 0x0f];
        assert!(postcard::from_bytes::<Three>(&claim).is_err());
    }
}
