"""Reports of what was rolled out: our own plain form, GitHub, GitLab and Argo CD."""
