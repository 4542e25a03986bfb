package report

import (
	"strings"
	"testing"
)

func TestGoalThatIsJustMissedShowsIt(t *testing.T) {
	r := Report{Sections: []Section{{Title: "Start", Goals: []Goal{
		{What: "just missed", Value: 1.352, Limit: 1.35, Unit: "×"},
		{What: "just met", Value: 1.35, Limit: 1.35, Unit: "×"},
	}}}}
	var out strings.Builder
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{"| just missed | 1.35 × | 1.352 × | **no** |\n", "| just met | 1.35 × | 1.35 × | yes |\n"} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("no row %q in\n%s", row, &out)
		}
	}
}

func TestNumber(t *testing.T) {
	for value, want := range map[float64]string{0: "0.00", 0.0347: "0.035", 0.5: "0.50", 9.996: "10.00", 12.34: "12.3", 123.4: "123"} {
		if got := Number(value); got != want {
			t.Errorf("%v is %s, want %s", value, got, want)
		}
	}
}
