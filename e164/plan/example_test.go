package plan_test

import (
	"fmt"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/e164/plan"
)

func Example() {
	numbers, err := plan.Parse("possible")
	if err != nil {
		panic(err)
	}
	fmt.Println(numbers.Check(e164.MustParse("+390612345678")))
	fmt.Println(numbers.Check(e164.MustParse("+999123456")))
	fmt.Println(numbers.Check(e164.MustParse("+47735000012")))
	// Output:
	// <nil>
	// plan: number "+999123456": want a country calling code that exists, not 999
	// plan: number "+47735000012": want fewer digits under country calling code 47
}
