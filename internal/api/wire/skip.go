package wire

import (
	"encoding/json"
	"reflect"
)

// raw keeps the bytes of a value that is as strictly checked as all others.
func (s *scanner) raw(v reflect.Value) error {
	start := s.at
	if err := s.skip(); err != nil {
		return err
	}
	v.SetBytes(append(json.RawMessage(nil), s.text[start:s.at]...))
	return nil
}

// skip reads a value of any type.
func (s *scanner) skip() (err error) {
	switch typ, _ := begins(s.peek()); typ {
	case '{':
		return s.skipObject()
	case '[':
		return s.skipArray()
	case '"':
		_, err = s.str()
	case '0':
		_, _, err = s.number()
	case 't':
		if s.peek() == 'f' {
			return s.word("false")
		}
		return s.word("true")
	case 'n':
		return s.word("null")
	default:
		return s.syntax()
	}
	return err
}

func (s *scanner) skipObject() error {
	if err := s.open(); err != nil {
		return err
	}
	names := map[string]struct{}{}
	for n := 0; ; n++ {
		more, err := s.more(n, '}')
		if err != nil || !more {
			return err
		}
		b, _, err := s.name()
		if err != nil {
			return err
		}
		name := string(b)
		s.enter(step{name: name})
		if _, twice := names[name]; twice {
			return s.refuse(CodeParameterDuplicate, "must not be given twice")
		}
		names[name] = struct{}{}
		if err := s.skip(); err != nil {
			return err
		}
		s.leave()
	}
}

func (s *scanner) skipArray() error {
	if err := s.open(); err != nil {
		return err
	}
	for n := 0; ; n++ {
		more, err := s.more(n, ']')
		if err != nil || !more {
			return err
		}
		s.enter(step{index: n, array: true})
		if err := s.skip(); err != nil {
			return err
		}
		s.leave()
	}
}
