//! Reading and judging the whole folder, as `check` and the macro do.

use std::time::Instant;

use crate::chain::Chain;
use crate::{Result, compare};

const ROUNDS: usize = 11;

pub(crate) async fn measure(chain: &Chain) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let survey = chain.survey()?;
        ours.push(began.elapsed());
        assert_eq!(
            (survey.revisions.len(), survey.diagnostics.len()),
            (chain.count, 0)
        );

        let began = Instant::now();
        chain.migrator().await?;
        theirs.push(began.elapsed());
    }
    compare("check the folder", &ours, "sqlx reads it", &theirs);
    Ok(())
}
