// Package site is what the rooms with plain pages share: files with their hash in the name,
// security headers, the question whether a form is ours, a base style sheet and the script that
// keeps a page up to date.
//
// It is a leaf: it imports the standard library alone, knows no page and no word of what is on one.
// It must never weaken a policy for one page's sake; a page that needs more than its own script,
// style, pictures and answers does not belong here.
package site
