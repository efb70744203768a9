"""What changed between runs: sizes exactly, speeds beyond the noise of runs."""
