//! The boundary between jotgate-core and JavaScript: exports, no decisions
