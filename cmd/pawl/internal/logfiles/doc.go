// Package logfiles is `pawl log`: dump and verify the files of the broker's logs in a data folder, without a server.
package logfiles
