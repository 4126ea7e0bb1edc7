#!/usr/bin/env bash
# The step "Run reconciler" of action.yml: runs one command, then writes its outputs, annotations and summary.
# Everything shown of a plan is rendered from the saved plan; Graph is not read again.
set -euo pipefail

# One stream: with two, an error of the tool could arrive after the line that enables workflow commands again.
exec 2>&1

venv="$RUNNER_TEMP/reconciler-venv"

# A runner started by `nohup`, or by a shell without job control, passes signals on as ignored, and bash cannot trap a
# signal that was ignored when it started.
if [[ -n "$(trap -p INT TERM)" ]]; then
  exec "$venv/bin/python" -I -c 'import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$BASH" --noprofile --norc "${BASH_SOURCE[0]}"
fi

# The runner signals only this script, which passes the signal on to the tool. After a signal, no command is started.
signals=0 tool=""
trap 'signals=$((signals + 1)); [[ -z "$tool" ]] || kill -TERM "$tool" 2>/dev/null || true' INT TERM HUP

reconciler="$venv/bin/reconciler"
run_url="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"

output() { echo "$1=$2" >>"$GITHUB_OUTPUT"; }

output exit-code 1 # until the command has ended
output failure-reason error

case "$INPUT_COMMAND" in
  validate | plan | apply | drift) ;;
  *)
    echo "::error title=reconciler::The input command must be validate, plan, apply or drift."
    exit 1
    ;;
esac
case "$INPUT_PREFLIGHT" in # another spelling must not turn the check off without a word
  true | false | "") ;;
  *)
    echo "::error title=reconciler::The input preflight must be true or false."
    exit 1
    ;;
esac

work="$(mktemp -d "$RUNNER_TEMP/reconciler-$INPUT_COMMAND.XXXXXXXXXXXX")"
printed="$work/printed" plan="$work/plan.json" journal="$work/journal.jsonl" summary="$work/summary.md"

paths=()
while IFS= read -r path; do
  path="${path%$'\r'}"
  [[ "$path" =~ ^[[:space:]]*$ ]] || paths+=("$path")
done <<<"$INPUT_PATH"

target=(--auth "$INPUT_AUTH")
[[ -z "$INPUT_CLOUD" ]] || target+=(--cloud "$INPUT_CLOUD")
[[ -z "$INPUT_ENVIRONMENT" ]] || target+=(--environment "$INPUT_ENVIRONMENT")
[[ -z "$INPUT_MAX_DELETES" ]] || target+=("--max-deletes=$INPUT_MAX_DELETES")
[[ -z "$INPUT_TENANT_ID" ]] || export AZURE_TENANT_ID="$INPUT_TENANT_ID"
[[ -z "$INPUT_CLIENT_ID" ]] || export AZURE_CLIENT_ID="$INPUT_CLIENT_ID"

# Runs the tool; its exit code goes to `code`. The runner executes no workflow command in its output: they are stopped
# until the runner reads a token that cannot be guessed.
run() {
  local seen=-1
  go_on
  echo "::stop-commands::${work##*.}"
  : >"$printed" # a tool that a signal ends at once has not created it
  "$reconciler" "$@" </dev/null >"$printed" & # in the background: in the foreground bash handles a signal only after the tool has ended
  tool=$!
  [[ $signals == 0 ]] || kill -TERM "$tool" 2>/dev/null || true # a signal that arrived before the tool was started
  while [[ $seen != "$signals" ]]; do
    seen=$signals code=0
    wait "$tool" || code=$? # a signal ends the wait, not the tool
  done
  tool=""
  [[ $signals == 0 || $code != 143 ]] || code=130 # ended before it handled signals, so before it did anything
  cat "$printed"
  printf '\n::%s::\n' "${work##*.}"
}

# After a signal, nothing else is started.
go_on() { [[ $signals == 0 ]] || finish 130; }

# Ends this step with the exit code, and writes it to the outputs. After a signal, an apply keeps its own exit code.
finish() {
  local reason
  [[ $signals == 0 || "$INPUT_COMMAND" == apply ]] || set -- 130
  case "$1" in
    0 | 2) reason="" ;;
    3) reason=invalid-files ;;
    4) reason=blocked ;;
    5) reason="plan-changed" ;;
    6) reason=applied-in-part ;;
    130) reason=interrupted ;;
    *) reason=error ;;
  esac
  [[ ! -f "$summary" ]] || output summary-md "$summary"
  output exit-code "$1"
  output failure-reason "$reason"
  [[ -n "$reason" ]] || exit 0
  echo "::error title=reconciler $INPUT_COMMAND::Ended with $reason (exit code $1). See the log of this step."
  exit "$1"
}

# Plans the base branch, so that the plan can mark changes that are already pending there.
run_baseline() {
  echo "::group::Plan of the base branch"
  if cd "$INPUT_BASELINE"; then
    run plan --out "$work/baseline.json" "${target[@]}" -- "${paths[@]}"
    cd "$OLDPWD"
  fi
  echo "::endgroup::"
  if [[ -f "$work/baseline.json" ]]; then
    baseline=(--baseline "$work/baseline.json")
  elif [[ $signals == 0 ]]; then
    echo "::warning title=reconciler::Could not plan the base branch; changes that are already pending there are not marked."
  fi
}

# Annotations and summary of the errors in the files; validate needs no Graph.
show_findings() {
  go_on
  "$reconciler" validate --format github -- "${paths[@]}" || true
  go_on
  "$reconciler" validate --format markdown -- "${paths[@]}" >"$summary" || true
  cat "$summary" >>"$GITHUB_STEP_SUMMARY"
}

show_plan() {
  local show=("$reconciler" show "$plan")
  [[ "$INPUT_COMMAND" != drift ]] || show+=(--drift)
  go_on
  "${show[@]}" --format github
  go_on
  "${show[@]}" --format markdown --max-bytes 65000 --details-url "$run_url" >"$summary"
  # GitHub shows no summary larger than 1 MiB.
  go_on
  "${show[@]}" --format markdown --max-bytes 1000000 --details-url "$run_url" >>"$GITHUB_STEP_SUMMARY"
  "$venv/bin/python" -I "$GITHUB_ACTION_PATH/.github/scripts/plan_outputs.py" "$plan" >>"$GITHUB_OUTPUT"
  output plan-json "$plan"
}

case "$INPUT_COMMAND" in
  validate)
    run validate -- "${paths[@]}"
    [[ $code == 130 ]] || show_findings
    ;;
  plan | drift)
    options=(--detailed-exitcode --out "$plan" "${target[@]}") baseline=()
    [[ "$INPUT_COMMAND" != plan || -z "$INPUT_BASELINE" ]] || run_baseline
    [[ "$INPUT_COMMAND" != plan || "$INPUT_PREFLIGHT" != true ]] || options+=(--preflight)
    run "$INPUT_COMMAND" "${options[@]}" "${baseline[@]}" -- "${paths[@]}"
    if [[ $code == 5 ]]; then # this change moves the environment to another tenant, so plan without the baseline
      echo "::warning title=reconciler::The base branch has another target; changes that are already pending there are not marked."
      run "$INPUT_COMMAND" "${options[@]}" -- "${paths[@]}"
    fi
    if [[ -f "$plan" ]]; then
      show_plan
    elif [[ $code == 3 ]]; then
      show_findings
    fi
    ;;
  apply)
    options=(--format markdown --journal "$journal")
    [[ -z "$INPUT_EXPECT_DIGEST" ]] || options+=(--expect-digest "$INPUT_EXPECT_DIGEST")
    if [[ -n "$INPUT_PLAN_FILE" ]]; then
      run apply "${options[@]}" "${target[@]}" --plan "$INPUT_PLAN_FILE"
    else
      run apply "${options[@]}" "${target[@]}" -- "${paths[@]}"
    fi
    cp "$printed" "$summary"
    cat "$summary" >>"$GITHUB_STEP_SUMMARY"
    [[ ! -f "$journal" ]] || output journal "$journal"
    ;;
esac

finish "$code"
