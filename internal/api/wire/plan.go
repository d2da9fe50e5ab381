package wire

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// shape is how a Go type is filled.
type shape uint8

const (
	shapeStruct shape = iota
	shapePointer
	shapeNull
	shapeString
	shapeBool
	shapeInt
	shapeSlice
	shapeMap
	shapeRaw
	shapeText
)

// wanted names what a shape is filled from, for messages.
var wanted = [...]string{
	shapeStruct: "an object", shapeMap: "an object", shapeSlice: "an array",
	shapeString: "a string", shapeText: "a string", shapeBool: "true or false",
	shapeInt: "an integer, without quotes, fraction or exponent",
}

// plan is what the decoder knows about a type.
type plan struct {
	shape  shape
	typ    reflect.Type
	elem   *plan          // of a pointer, Null, slice or map
	fields []fieldPlan    // of a struct
	names  map[string]int // name to position in fields
	raw    bool           // holds a json.RawMessage somewhere
}

type fieldPlan struct {
	name     string
	index    int // in the struct
	required bool
	plan     *plan
}

var (
	plans        sync.Map // reflect.Type to *plan
	rawType      = reflect.TypeFor[json.RawMessage]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
	jsonType     = reflect.TypeFor[json.Unmarshaler]()
	nullableType = reflect.TypeFor[nullable]()
)

// planOf returns the plan of a struct type, made once.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p, _ := plans.LoadOrStore(t, newPlan(t, t.String()))
	return p.(*plan)
}

// newPlan panics for what a request cannot hold. where leads to the type, for that message.
func newPlan(t reflect.Type, where string) *plan {
	p := &plan{typ: t}
	switch ptr := reflect.PointerTo(t); {
	case t == rawType:
		p.shape, p.raw = shapeRaw, true
	case ptr.Implements(nullableType):
		p.shape = shapeNull
		p.elem = newPlan(t.Field(t.NumField()-1).Type, where)
		p.raw = p.elem.raw
	case ptr.Implements(textType):
		p.shape = shapeText
	case ptr.Implements(jsonType):
		panic(fmt.Sprintf("wire: %s has a JSON decoder of its own", where))
	default:
		p.fill(t, where)
	}
	return p
}

func (p *plan) fill(t reflect.Type, where string) {
	switch t.Kind() {
	case reflect.String:
		p.shape = shapeString
	case reflect.Bool:
		p.shape = shapeBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.shape = shapeInt
	case reflect.Struct:
		p.shape = shapeStruct
		p.addFields(t, where)
		return
	case reflect.Pointer:
		p.shape = shapePointer
	case reflect.Slice:
		p.shape = shapeSlice
	case reflect.Map:
		p.shape = shapeMap
		if t.Key().Kind() != reflect.String || reflect.PointerTo(t.Key()).Implements(textType) {
			panic(fmt.Sprintf("wire: %s has keys that are no strings", where))
		}
	default:
		panic(fmt.Sprintf("wire: %s is a %s", where, t))
	}
	if p.shape == shapePointer || p.shape == shapeSlice || p.shape == shapeMap {
		p.elem = newPlan(t.Elem(), where)
		p.raw = p.elem.raw
	}
}

func (p *plan) addFields(t reflect.Type, where string) {
	p.names = make(map[string]int, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		place := where + "." + f.Name
		if name == "" || f.Anonymous {
			panic(fmt.Sprintf("wire: %s has no name of its own in JSON", place))
		}
		if _, twice := p.names[name]; twice || len(p.fields) == MaxFields {
			panic(fmt.Sprintf("wire: %s is one name too many", place))
		}
		fp := newPlan(f.Type, place)
		if fp.shape == shapeNull && !strings.Contains(options, "omitzero") {
			panic(fmt.Sprintf("wire: %s is not omitzero", place))
		}
		p.names[name] = len(p.fields)
		p.raw = p.raw || fp.raw
		p.fields = append(p.fields, fieldPlan{
			name: name, index: i, plan: fp, required: f.Tag.Get("wire") == "required",
		})
	}
}
