//! The order of GLib's hash table, for 24 sets of up to 1500 keys.

use airlock::format::hash_order;
use serde_json::Value;

#[test]
fn every_set_comes_out_as_glib_had_it() {
    let cases: Vec<Value> =
        serde_json::from_slice(&super::data("format/ghash-order.json")).unwrap();
    let mut sets = 0;
    for case in &cases {
        let keys = |name: &str| -> Vec<&str> {
            let list = case
                .get(name)
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            list.filter_map(Value::as_str).collect()
        };
        if !keys("remove").is_empty() {
            continue; // nothing here removes keys
        }
        let inserted = keys("insert");
        let order: Vec<&str> = hash_order(&inserted)
            .into_iter()
            .map(|i| inserted[i])
            .collect();
        assert_eq!(order, keys("order"), "{} keys", inserted.len());
        sets += 1;
    }
    assert!(sets >= 20, "only {sets} sets");
}
