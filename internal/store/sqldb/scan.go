package sqldb

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"
)

// assign puts a value of SQLite into a variable by the rules of the PostgreSQL driver: NULL only
// into what can be nil, whole numbers only where they fit, booleans from 0 and 1.
func assign(dest any, v driver.Value) error {
	switch d := dest.(type) {
	case *string:
		switch v := v.(type) {
		case string:
			*d = v
			return nil
		case []byte:
			*d = string(v)
			return nil
		}
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	case *bool:
		if n, ok := v.(int64); ok && (n == 0 || n == 1) {
			*d = n == 1
			return nil
		}
	case *[]byte:
		return assignBytes(d, v)
	case sql.Scanner:
		return d.Scan(v)
	}
	return assignKind(reflect.ValueOf(dest), v)
}

// assignBytes keeps NULL (nil) and no bytes (empty) apart; the driver has one value for both.
func assignBytes(d *[]byte, v driver.Value) error {
	switch v := v.(type) {
	case nil:
		*d = nil
	case string:
		*d = []byte(v)
	case []byte:
		if *d = v; v == nil {
			*d = []byte{}
		}
	default:
		return fmt.Errorf("cannot scan %T into []byte", v)
	}
	return nil
}

// assignKind serves named types, other widths of integers and pointers that NULL makes nil.
func assignKind(dest reflect.Value, v driver.Value) error {
	if dest.Kind() != reflect.Pointer || dest.IsNil() {
		return fmt.Errorf("destination %s is not a pointer", dest.Type())
	}
	to := dest.Elem()
	if to.Kind() == reflect.Pointer {
		if v == nil {
			to.SetZero()
			return nil
		}
		fresh := reflect.New(to.Type().Elem())
		if err := assign(fresh.Interface(), v); err != nil {
			return err
		}
		to.Set(fresh)
		return nil
	}
	if !setKind(to, v) {
		return fmt.Errorf("cannot scan %s into %s", describe(v), to.Type())
	}
	return nil
}

func describe(v driver.Value) string {
	if v == nil {
		return "NULL"
	}
	return fmt.Sprintf("%T", v)
}

func setKind(to reflect.Value, v driver.Value) bool {
	switch v := v.(type) {
	case int64:
		return setInt(to, v)
	case string:
		if to.Kind() != reflect.String {
			return false
		}
		to.SetString(v)
	case []byte:
		if to.Kind() != reflect.Slice || to.Type().Elem().Kind() != reflect.Uint8 {
			return false
		}
		to.SetBytes(append([]byte{}, v...))
	default:
		return false
	}
	return true
}

func setInt(to reflect.Value, n int64) bool {
	switch {
	case to.CanInt() && !to.OverflowInt(n):
		to.SetInt(n)
	case to.CanUint() && n >= 0 && !to.OverflowUint(uint64(n)):
		to.SetUint(uint64(n))
	case to.Kind() == reflect.Bool && (n == 0 || n == 1):
		to.SetBool(n == 1)
	default:
		return false
	}
	return true
}
