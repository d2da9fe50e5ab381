package site

import (
	"encoding/json"
	"hash/fnv"
	"strconv"
)

// Version is short and differs whenever what it is made from does. All of that is plain data.
func Version(of any) string {
	text, err := json.Marshal(of)
	if err != nil {
		panic(err) // plain data can be written
	}
	h := fnv.New64a()
	h.Write(text)
	return strconv.FormatUint(h.Sum64(), 36)
}
