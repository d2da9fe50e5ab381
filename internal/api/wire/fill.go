package wire

import (
	"encoding"
	"math"
	"reflect"
	"strings"

	"github.com/kassa-pay/kassa/internal/pay"
)

// document reads one object and nothing else into v.
func (s *scanner) document(p *plan, v reflect.Value) error {
	s.space()
	if s.at == len(s.text) {
		return notAnObject()
	}
	if s.peek() != '{' {
		if _, ok := begins(s.peek()); ok {
			return notAnObject()
		}
		return s.syntax()
	}
	if err := s.object(p, v); err != nil {
		return err
	}
	if s.space(); s.at != len(s.text) {
		return s.syntax()
	}
	return nil
}

func notAnObject() error {
	return pay.Errorf(pay.Invalid, CodeInvalidJSON, "The body must be one JSON object.")
}

// begins returns a byte that stands for the type of the value that c begins.
func begins(c byte) (byte, bool) {
	switch c {
	case '{', '[', '"', 'n':
		return c, true
	case 't', 'f':
		return 't', true
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return '0', true
	}
	return 0, false
}

// first is the type of value that each shape is filled from.
var first = [...]byte{
	shapeStruct: '{', shapeMap: '{', shapeSlice: '[', shapeString: '"', shapeText: '"',
	shapeBool: 't', shapeInt: '0',
}

// value reads the next value into v.
func (s *scanner) value(p *plan, v reflect.Value) error {
	typ, ok := begins(s.peek())
	if !ok {
		return s.syntax()
	}
	switch {
	case p.shape == shapePointer:
		return s.pointer(p, v)
	case p.shape == shapeNull:
		return s.null(p, v)
	case typ == 'n':
		if err := s.word("null"); err != nil {
			return err
		}
		return s.refuse(CodeParameterInvalid, "must not be null")
	case p.shape == shapeRaw:
		return s.raw(v)
	case typ != first[p.shape]:
		return s.refuse(CodeParameterInvalid, "must be "+wanted[p.shape])
	}
	switch p.shape {
	case shapeStruct:
		return s.object(p, v)
	case shapeMap:
		return s.mapping(p, v)
	case shapeSlice:
		return s.array(p, v)
	case shapeBool:
		return s.boolean(v)
	case shapeInt:
		return s.integer(v)
	}
	return s.chars(p, v)
}

func (s *scanner) pointer(p *plan, v reflect.Value) error {
	if s.peek() == 'n' {
		v.SetZero()
		return s.word("null")
	}
	target := reflect.New(p.elem.typ)
	if err := s.value(p.elem, target.Elem()); err != nil {
		return err
	}
	v.Set(target)
	return nil
}

func (s *scanner) null(p *plan, v reflect.Value) error {
	isNull := s.peek() == 'n'
	v.Addr().Interface().(nullable).present(!isNull)
	if isNull {
		return s.word("null")
	}
	return s.value(p.elem, v.Field(v.NumField()-1))
}

// chars fills strings and types that unmarshal text.
func (s *scanner) chars(p *plan, v reflect.Value) error {
	b, err := s.str()
	if err != nil {
		return err
	}
	if p.shape == shapeString {
		v.SetString(string(b))
		return nil
	}
	// The type's own error may repeat the value, and the value may be a card number.
	if v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(b) != nil {
		return s.refuse(CodeParameterInvalid, "has a value that cannot be read")
	}
	return nil
}

func (s *scanner) boolean(v reflect.Value) error {
	if s.peek() == 't' {
		v.SetBool(true)
		return s.word("true")
	}
	v.SetBool(false)
	return s.word("false")
}

func (s *scanner) integer(v reflect.Value) error {
	raw, integer, err := s.number()
	if err != nil {
		return err
	}
	if !integer || string(raw) == "-0" {
		return s.refuse(CodeParameterInvalid, "must be "+wanted[shapeInt])
	}
	n, ok := parseInt(raw)
	if !ok || v.OverflowInt(n) {
		return s.refuse(CodeParameterInvalid, "is out of range")
	}
	v.SetInt(n)
	return nil
}

// parseInt reads an integer of JSON's grammar without making a string of it.
func parseInt(b []byte) (int64, bool) {
	negative := b[0] == '-'
	if negative {
		b = b[1:]
	}
	var n uint64
	for _, c := range b {
		if n > math.MaxInt64/10 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	if negative && n <= math.MaxInt64+1 {
		return -int64(n), true
	}
	return int64(n), n <= math.MaxInt64
}

// seen is a set of positions in plan.fields.
type seen [(MaxFields + 63) / 64]uint64

func (s *seen) add(i int) (already bool) {
	bit := uint64(1) << (i % 64)
	already = s[i/64]&bit != 0
	s[i/64] |= bit
	return already
}

func (s *scanner) object(p *plan, v reflect.Value) error {
	if err := s.open(); err != nil {
		return err
	}
	var have seen
	for n := 0; ; n++ {
		more, err := s.more(n, '}')
		if err != nil {
			return err
		}
		if !more {
			return s.complete(p, &have)
		}
		if err := s.member(p, v, &have); err != nil {
			return err
		}
	}
}

func (s *scanner) member(p *plan, v reflect.Value, have *seen) error {
	name, literal, err := s.name()
	if err != nil {
		return err
	}
	i, known := p.names[string(name)]
	if !known || !literal {
		return s.unknown(p, string(name))
	}
	f := &p.fields[i]
	s.enter(step{name: f.name})
	if have.add(i) {
		return s.refuse(CodeParameterDuplicate, "must not be given twice")
	}
	if f.required && s.peek() == 'n' {
		return s.refuse(CodeParameterInvalid, "must not be null")
	}
	if err := s.value(f.plan, v.Field(f.index)); err != nil {
		return err
	}
	s.leave()
	return nil
}

// unknown refuses a name, and points at the one that was probably meant.
func (s *scanner) unknown(p *plan, name string) error {
	s.enter(step{name: name})
	for i := range p.fields {
		if strings.EqualFold(p.fields[i].name, name) {
			return s.refuse(CodeParameterUnknown, "is not known, but "+p.fields[i].name+" is")
		}
	}
	return s.refuse(CodeParameterUnknown, "is not known")
}

func (s *scanner) complete(p *plan, have *seen) error {
	for i := range p.fields {
		if p.fields[i].required && !have.add(i) {
			s.enter(step{name: p.fields[i].name})
			param := s.param()
			return pay.BadParam(param, CodeParameterMissing, "Missing required parameter: %s.", param)
		}
	}
	return nil
}

func (s *scanner) mapping(p *plan, v reflect.Value) error {
	if err := s.open(); err != nil {
		return err
	}
	v.Set(reflect.MakeMap(p.typ))
	key, value := reflect.New(p.typ.Key()).Elem(), reflect.New(p.elem.typ).Elem()
	for n := 0; ; n++ {
		more, err := s.more(n, '}')
		if err != nil || !more {
			return err
		}
		if err := s.entry(p, v, key, value); err != nil {
			return err
		}
	}
}

// entry reads one entry of the map m by way of key and value, which all entries share.
func (s *scanner) entry(p *plan, m, key, value reflect.Value) error {
	name, _, err := s.name()
	if err != nil {
		return err
	}
	key.SetString(string(name))
	s.enter(step{name: key.String()})
	if m.MapIndex(key).IsValid() {
		return s.refuse(CodeParameterDuplicate, "must not be given twice")
	}
	value.SetZero()
	if err := s.value(p.elem, value); err != nil {
		return err
	}
	m.SetMapIndex(key, value)
	s.leave()
	return nil
}

func (s *scanner) array(p *plan, v reflect.Value) error {
	if err := s.open(); err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(p.typ, 0, 0))
	for n := 0; ; n++ {
		more, err := s.more(n, ']')
		if err != nil || !more {
			return err
		}
		s.enter(step{index: n, array: true})
		v.Grow(1)
		v.SetLen(n + 1)
		if err := s.value(p.elem, v.Index(n)); err != nil {
			return err
		}
		s.leave()
	}
}
