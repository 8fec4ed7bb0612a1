// Package reality holds the formats against schemas that people wrote for other reasons: the .proto files of Google's APIs and
// of OpenTelemetry, the Avro schemas of DataHub, and the JSON Schemas of AsyncAPI, CloudFormation, GCN, GitHub and others.
//
// The texts are not part of this repository. The tests take them from published packages, pinned by version and checksum,
// with the packages' own clients (npm and pip, which scripts/test-deps installs), and keep the archives in .cache/reality.
// A package that cannot be had fails the tests.
package reality
