package bench

import (
	"strings"
	"testing"
)

func TestGoalThatIsJustMissedShowsIt(t *testing.T) {
	var g Goals
	testing.Benchmark(func(b *testing.B) { // it repeats the function
		g.Report(b, "x-lean", 1.352, 1.35)
		g.Report(b, "x-bare", 1.35, 1.35)
	})
	var out strings.Builder
	g.Print(&out)
	want := "|  x-lean | 1.35 | 1.352 | **no** |\n|  x-bare | 1.35 | 1.35 | yes |\n"
	if _, rows, _ := strings.Cut(out.String(), "---: |\n"); rows != want {
		t.Errorf("the table is\n%s", &out)
	}
}
