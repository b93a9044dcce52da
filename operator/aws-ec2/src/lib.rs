//! Amazon EC2, apart from the other services because its SDK is the largest.
