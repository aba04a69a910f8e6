// Package report shows a run to people and to machines: as text, as one HTML page, as JUnit, as CSV and as Markdown. All of them
// read a finished [result.Run], so none of them can say what another does not.
//
// # The page
//
// One file, nothing loaded from anywhere: styles, pictures and, where synthetic speech was kept, the recordings are in it. It
// needs no JavaScript. It is dark or light as the reader's system is, and the reader can change that. Pictures are SVG that Go
// draws; only what has a value for each second of each call is a bitmap. Colours can be told apart by people who see fewer of
// them, and nothing is said by colour alone.
//
// # Scales
//
// Percentile curves have an axis of nines: 90 %, 99 % and 99.9 % are equally far apart, because a p99 is as much worse than a p90
// as it is rarer. MOS is MOS_CQEF and is shown with its ceiling: without it people ask why a perfect network is not 5.
package report
