package quality_test

import (
	"fmt"
	"time"

	"github.com/taciturn-voice/taciturn/calls/quality"
)

// What a call was like, with what cost it its points. A MOS is shown with its scale and its ceiling.
func ExampleJudge() {
	codec := quality.Opus(32000, true)
	call := quality.Judge(quality.Measured{Codec: codec, Delay: quality.MouthToEar(40*time.Millisecond, 60*time.Millisecond, 40*time.Millisecond), Loss: 0.02})
	fmt.Printf("%v %.2f of %.2f\n", call.Scale, call.MOS, codec.Ceiling().MOS)
	fmt.Println("loss costs more than delay:", call.Lost.Loss > call.Lost.Delay)
	// Output:
	// MOS_CQEF 3.78 of 4.22
	// loss costs more than delay: true
}
