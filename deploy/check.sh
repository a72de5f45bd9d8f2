#!/usr/bin/env bash
# What `make check` holds. Runs every step, then says which failed.
set -uo pipefail
failed=()

step() {
    local name=$1; shift
    local out
    if out=$("$@" 2>&1); then echo "  ok    $name"
    else echo "  FAIL  $name"; echo "$out" | tail -n 60; failed+=("$name"); fi
}

api_schema() {
    local fresh; fresh=$(mktemp)
    python manage.py spectacular --urlconf config.urls_admin --fail-on-warn --validate --file "$fresh" || return 1
    diff -u docs/openapi.yaml "$fresh" || { echo "Run: make openapi"; return 1; }
}

css() {
    (cd branding/static_src && npm run --silent check) || { echo "Run: make css, and commit branding/static"; return 1; }
}

canonical_model() {
    diff -u docs/canonical-model.md <(python -m mappings.canonical.document) || { echo "Run: make canonical-model"; return 1; }
}

no_addresses() {
    ! git grep -nIE 'https?://(pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org)|/work/main' -- ':!deploy/check.sh'
}

step "ruff lint" ruff check .
step "ruff format" ruff format --check .
step "types" mypy config tenants branding mappings governance syncjobs bench tests
step "layers" lint-imports
step "dependencies" deptry .
step "system checks" python manage.py check --fail-level WARNING
step "migrations complete" python manage.py makemigrations --check --dry-run
step "templates" djlint templates --lint
step "API schema" api_schema
step "canonical model document" canonical_model
step "built CSS" css
step "no addresses of this machine" no_addresses

if [ ${#failed[@]} -gt 0 ]; then echo "Failed: ${failed[*]}"; exit 1; fi
echo "All checks hold."
