//! No name of a person stands in what is shown under pseudonyms, whoever wrote it into a log.

use crate::queries::World;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_stands_raw_in_any_table() {
    let world = World::new().await;
    for table in ["access", "auth", "digest", "flow", "host", "rejects", "rollup"] {
        // A route that no configuration names is told by its paths alone, and is shown as it is.
        let but = if matches!(table, "access" | "digest") { "EXCEPT (route)" } else { "" };
        let query = format!("SELECT * {but} FROM {table}");
        let all = world.shown(&query, false).await;
        let lines: Vec<&str> = all.lines().filter(|line| line.contains("secretperson")).collect();
        assert!(lines.is_empty(), "{table}: {}", lines.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_has_one_pseudonym_wherever_they_stand() {
    let world = World::new().await;
    let pseudonym = |text: String| {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.filter(|word| word.starts_with("p_")).map(str::to_owned).collect::<Vec<_>>()
    };
    let one = pseudonym(
        world.shown("SELECT DISTINCT actor FROM access WHERE actor = 'secretperson16'", false).await,
    );
    assert_eq!(one.len(), 1);
    for query in [
        "SELECT DISTINCT subject FROM access WHERE subject = 'member:secretperson16'",
        "SELECT DISTINCT \"user\" FROM auth WHERE \"user\" = 'secretperson16'",
        "SELECT DISTINCT path FROM access WHERE path = '/members/secretperson16'",
        "SELECT DISTINCT entity FROM rollup WHERE entity = 'secretperson16'",
    ] {
        assert_eq!(pseudonym(world.shown(query, false).await), one, "{query}");
    }
    let query = world.shown("SELECT query FROM access WHERE query LIKE 'user=%' LIMIT 1", false).await;
    assert!(query.contains("user=p_") && query.contains("&mail=p_"), "{query}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_have_the_same_rows_and_columns_either_way() {
    let world = World::new().await;
    for table in ["access", "auth", "digest", "flow", "host", "rejects", "rollup"] {
        for query in [format!("SELECT count(*) FROM {table}"), format!("DESCRIBE {table}")] {
            let (masked, named) = (world.shown(&query, false).await, world.shown(&query, true).await);
            assert_eq!(masked, named, "{query}");
        }
    }
}
