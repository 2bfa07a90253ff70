// RUN: girih-opt %s --attn-schedule=target=sm_70 --split-input-file --verify-diagnostics
// RUN: not girih-opt %s --attn-schedule 2>&1 | FileCheck %s --check-prefix=NONE

// NONE: error: unknown target ''; targets are sm_90a sm_100a sm_100f sm_103a sm_110a
// expected-error@+1 {{unknown target 'sm_70'; targets are sm_90a sm_100a sm_100f sm_103a sm_110a}}
module {
}
