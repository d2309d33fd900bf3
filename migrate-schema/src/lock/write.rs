//! From schemas to the text of schema.lock.

use super::{SchemaLock, modelled, objects};

pub(super) fn render(lock: &SchemaLock) -> String {
    let mut text = format!(
        "# Written by cargo migrate: commit it, do not edit it.\nversion {}\n",
        SchemaLock::VERSION
    );
    for head in &lock.heads {
        text.push_str("head ");
        text.push_str(&head.to_string());
        text.push('\n');
    }
    for (dialect, schema) in &lock.schemas {
        text.push_str("\n[");
        text.push_str(dialect.as_str());
        text.push_str("]\n");
        let mut lines = Vec::new();
        objects::write(schema, &mut |line| lines.push(line.finish()));
        if let Some(models) = lock.models.get(dialect) {
            modelled::write(models, &mut |line| lines.push(line.finish()));
        }
        lines.sort_unstable();
        for line in lines {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}
