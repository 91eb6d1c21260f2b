//! What the hearing does with weights of its own.
