package report

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"

	"html/template"

	"github.com/taciturn-voice/taciturn/cmd/callsim/result"
)

// The heat-map is at most so many pixels: calls and seconds beyond share one, and the worst of them is shown.
const (
	maxHeatRows    = 400
	maxHeatColumns = 1200
)

// heat is a bitmap of calls by seconds, coloured by R of the worse direction.
func heat(r *result.Run, seconds int) (url template.URL, rows int) {
	var callList []*result.Call
	for i := range r.Calls {
		if len(r.Calls[i].Directions) > 0 {
			callList = append(callList, &r.Calls[i])
		}
	}
	if len(callList) == 0 || seconds == 0 {
		return "", 0
	}
	rows, columns := min(len(callList), maxHeatRows), min(seconds, maxHeatColumns)
	worst := make([]float64, rows*columns)
	for k, c := range callList {
		for i := range c.Directions {
			s := c.Directions[i].Seconds
			if s == nil {
				continue
			}
			for n, v := range s.R {
				at := s.First + n
				if at < 0 || at >= seconds || n >= len(s.Due) || s.Due[n] == 0 {
					continue
				}
				cell := &worst[k*rows/len(callList)*columns+at*columns/seconds]
				if v = max(v, 1); *cell == 0 || v < *cell {
					*cell = v
				}
			}
		}
	}
	img := image.NewNRGBA(image.Rect(0, 0, columns, rows))
	for i, v := range worst {
		if v > 0 {
			img.SetNRGBA(i%columns, i/columns, shade(v))
		}
	}
	return dataURL(img), rows
}

func dataURL(img image.Image) template.URL {
	var b bytes.Buffer
	if png.Encode(&b, img) != nil {
		return ""
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))
}

// stops of the scale of R: from unusable to as good as it gets. Dark red and blue can be told apart with any eyes.
var stops = []struct {
	r float64
	c color.NRGBA
}{
	{0, color.NRGBA{103, 0, 31, 255}}, {60, color.NRGBA{178, 24, 43, 255}}, {85, color.NRGBA{239, 138, 98, 255}},
	{100, color.NRGBA{250, 212, 160, 255}}, {112, color.NRGBA{146, 197, 222, 255}}, {bestR - 21, color.NRGBA{33, 102, 172, 255}},
}

func shade(r float64) color.NRGBA {
	for i := 1; i < len(stops); i++ {
		a, b := stops[i-1], stops[i]
		if r > b.r {
			continue
		}
		f := max(0, (r-a.r)/(b.r-a.r))
		mix := func(x, y uint8) uint8 { return uint8(float64(x) + f*(float64(y)-float64(x))) }
		return color.NRGBA{mix(a.c.R, b.c.R), mix(a.c.G, b.c.G), mix(a.c.B, b.c.B), 255}
	}
	return stops[len(stops)-1].c
}

// scale is the legend of the heat-map.
func scale() template.URL {
	const width = 240
	img := image.NewNRGBA(image.Rect(0, 0, width, 1))
	for x := range width {
		img.SetNRGBA(x, 0, shade(float64(x)/width*(bestR-21)))
	}
	return dataURL(img)
}
