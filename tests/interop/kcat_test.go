package interop

import (
	"context"
	"os/exec"
	"strings"
	"testing"
)

func kcat(ctx context.Context, t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(ctx, "kcat", append([]string{"-b", server.Brokers}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kcat %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

func TestKcatListsProducesAndConsumes(t *testing.T) {
	name := topic(t, 2, nil)
	ctx := testContext(t)

	if list := kcat(ctx, t, "", "-L"); !strings.Contains(list, `topic "`+name+`" with 2 partitions`) {
		t.Errorf("kcat -L does not list the topic with its partitions:\n%s", list)
	}
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		kcat(ctx, t, "k1:one "+codec+"\nk2:two "+codec+"\n", "-P", "-t", name, "-K", ":", "-z", codec)
	}
	got := strings.Fields(strings.ReplaceAll(kcat(ctx, t, "", "-C", "-t", name, "-e", "-q", "-f", "%k=%s\n"), " ", "_"))
	if len(got) != 10 {
		t.Fatalf("kcat -C read %d records, want 10: %q", len(got), got)
	}
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		for _, want := range []string{"k1=one_" + codec, "k2=two_" + codec} {
			if !strings.Contains(strings.Join(got, "\n"), want) {
				t.Errorf("kcat -C did not read %s", want)
			}
		}
	}
	kcat(ctx, t, "last\n", "-P", "-t", name, "-p", "0")
	tail := kcat(ctx, t, "", "-C", "-t", name, "-p", "0", "-o", "-1", "-e", "-q", "-f", "%s\n")
	if tail != "last\n" {
		t.Errorf("kcat -o -1 printed %q, want the last record", tail)
	}
}

func TestKcatConsumesAsAGroup(t *testing.T) {
	name := topic(t, 1, nil)
	ctx := testContext(t)
	kcat(ctx, t, "a\nb\nc\n", "-P", "-t", name)
	got := kcat(ctx, t, "", "-G", "g-"+name, "-X", "auto.offset.reset=earliest", "-c", "3", "-q", name)
	if got != "a\nb\nc\n" {
		t.Errorf("the group read %q, want a, b, c in order", got)
	}
}

// TestKcatReadsOnWhereRecordsWereSetAside has a batch between whose offsets records are missing, also the last ones.
func TestKcatReadsOnWhereRecordsWereSetAside(t *testing.T) {
	name := topic(t, 1, map[string]string{"pawl.value.schema.validation.mode": "id", "pawl.schema.validation.action": "dlq"})
	ctx := testContext(t)
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		kcat(ctx, t, "k:bad\nnull-"+codec+":\nk:bad\nk:bad\n", "-P", "-t", name, "-K", ":", "-Z", "-z", codec, "-X", "enable.idempotence=true")
		kcat(ctx, t, "k:worse\n", "-P", "-t", name, "-K", ":", "-z", codec)
	}
	got := kcat(ctx, t, "", "-C", "-t", name, "-e", "-q", "-f", "%o %k\n")
	if got != "1 null-none\n6 null-gzip\n11 null-snappy\n16 null-lz4\n21 null-zstd\n" {
		t.Errorf("kcat read %q", got)
	}
	aside := kcat(ctx, t, "", "-C", "-t", name+".dlq", "-e", "-q", "-f", "%s %h\n")
	if strings.Count(aside, "\n") != 20 || strings.Count(aside, "worse ") != 5 || strings.Count(aside, "__pawl.errors.topic="+name) != 20 {
		t.Errorf("dead letters:\n%s", aside)
	}
}
