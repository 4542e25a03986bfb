/** Types of the module where it is imported from the API's own address. */
declare module '*/console/related-ro.js' {
  export * from 'related-ro';
}
